/* What a program was built from, for --version and for reports of faults. */
#ifndef GROUNDNUT_NET_BUILD_INFO_H
#define GROUNDNUT_NET_BUILD_INFO_H

/* Two lines: the commit where it is known, and the libraries with the versions that are in use now;
 * more, "SQLite 3.40.1", is put behind them (NULL: nothing). Freed by the caller. */
char *build_info_text(const char *more);

#endif
