/*
 * A mutator for targets that read JSON: instead of bytes it changes the tree, with the keys and
 * values that the target names, so that what comes out is nearly always JSON and often nearly
 * right. Every eighth time bytes are changed all the same. A target that is linked with it has
 * these two, each ended by NULL.
 */
#ifndef GROUNDNUT_TESTS_FUZZ_JSON_MUTATOR_H
#define GROUNDNUT_TESTS_FUZZ_JSON_MUTATOR_H

extern const char *const json_mutator_keys[];
extern const char *const json_mutator_values[]; /* JSON */

#endif
