/* How long a link may be silent before it is suspect, and how large its segments may be. When links
 * are resumed again and again without progress, the path is slow or drops large packets. Then the
 * silence that is allowed doubles, and segments become small. Pure. */
#ifndef GROUNDNUT_AGENT_PATH_TUNING_H
#define GROUNDNUT_AGENT_PATH_TUNING_H

#include <stdbool.h>
#include <stdint.h>

struct path_tuning {
	uint32_t least_ms, most_ms; /* of silence_ms */
	uint32_t silence_ms;
	unsigned maxseg;    /* 0: the kernel's choice */
	unsigned strikes;   /* resumes without progress … */
	uint64_t strike_ms; /* … since then */
	uint64_t progress;  /* as it was at the last of them */
	uint64_t eased_ms;  /* when silence_ms last grew */
};

#define PATH_TUNING_INIT(least, most)                                                              \
	{                                                                                          \
		.least_ms = (least), .most_ms = (most), .silence_ms = (least)                      \
	}

/* A link has been resumed. progress is how much its streams have brought in all; has_streams says
 * whether any wait for the link. True: silence and segments have been changed. */
bool path_tuning_resumed(struct path_tuning *p, uint64_t now_ms, uint64_t progress,
			 bool has_streams);

#endif
