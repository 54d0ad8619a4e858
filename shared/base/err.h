/*
 * One currency for trouble: an int, 0 or negative. libuv's UV_E* pass through as they are (on Unix
 * they are -errno); our own begin at -6001. err_text() names any of them in words for a person.
 */
#ifndef GROUNDNUT_BASE_ERR_H
#define GROUNDNUT_BASE_ERR_H

#define ERR_MAP(X)                                                                                 \
	X(PROTOCOL, -6001, "protocol violation")                                                   \
	X(SYNTAX, -6002, "not well formed")                                                        \
	X(RANGE, -6003, "number out of range")                                                     \
	X(TOO_BIG, -6004, "larger than allowed")                                                   \
	X(VERSION, -6005, "the other side is of a version that this one cannot talk to")           \
	X(REFUSED, -6006, "refused by the relay")                                                  \
	X(PIN, -6007, "the relay's key is not the pinned one")                                     \
	X(CERTIFICATE, -6008, "the certificate does not verify")                                   \
	X(TLS, -6009, "TLS failed")                                                                \
	X(TIMEOUT, -6010, "no answer in time")                                                     \
	X(CLOSED, -6011, "closed by the other side")                                               \
	X(RESET, -6012, "reset by the other side")                                                 \
	X(FLOOD, -6013, "more control traffic than is sane")                                       \
	X(SESSION, -6014, "violation inside the session")                                          \
	X(CONFIG, -6015, "wrong configuration")                                                    \
	X(NO_ROOM, -6016, "no memory is left for a message that comes in parts")                   \
	X(UNFINISHED, -6017, "a message began and did not go on")                                  \
	X(LOCKED, -6018, "another program keeps it locked")                                        \
	X(FOREIGN_LINK, -6019,                                                                     \
	  "it lies behind a symbolic link of another user, which root does not follow")

enum err {
#define ERR_ENUM(name, number, text) ERR_##name = number,
	ERR_MAP(ERR_ENUM)
#undef ERR_ENUM
};

/* Never NULL, never freed; for an unknown number a generic text. */
const char *err_text(int err);

#endif
