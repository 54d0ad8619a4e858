/* Instead of a fuzzer: gives each file named (or each file in each folder named) to the target
 * once, so that a crash that was found stays found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned played;

static int play_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 1;
	}
	static uint8_t bytes[1 << 20];
	size_t len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	/* A copy of exactly that size, so that a sanitizer sees every byte read too much. */
	uint8_t *copy = malloc(len ? len : 1);
	for (size_t i = 0; i < len; i++)
		copy[i] = bytes[i];
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	played++;
	return 0;
}

static int play(const char *path)
{
	DIR *d = opendir(path);
	int failed = 0;
	if (!d)
		return play_file(path);
	for (struct dirent *e; (e = readdir(d));) {
		char name[4096];
		struct stat st;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (!stat(name, &st) && S_ISREG(st.st_mode))
			failed |= play_file(name);
	}
	closedir(d);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= play(argv[i]);
	printf("%u inputs played\n", played);
	return failed || !played;
}
