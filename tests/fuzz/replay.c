/* replay: a fuzz target on the files of directories, without a fuzzer. The last line counts them. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool read_file(const char *path, uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "rb");
	bool ok = f && fread(data, 1, size, f) == size;

	if (f)
		fclose(f);
	return ok;
}

static bool replay(const char *path)
{
	CLEANUP(freep) uint8_t *data = NULL;
	struct stat st;

	/* A failed assertion does not say which input it was. */
	fprintf(stderr, "%s\n", path);
	if (stat(path, &st) == 0)
		data = malloc((size_t)st.st_size + !st.st_size);
	if (!data || !read_file(path, data, (size_t)st.st_size)) {
		perror(path);
		return false;
	}
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	return true;
}

int main(int argc, char *argv[])
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent **entries;
		int n = scandir(argv[i], &entries, NULL, alphasort);

		if (n < 0) {
			perror(argv[i]);
			return 1;
		}
		for (int j = 0; j < n; j++) {
			CLEANUP(freep) char *path = xasprintf("%s/%s", argv[i], entries[j]->d_name);

			if (entries[j]->d_name[0] != '.') {
				if (!replay(path))
					return 1;
				count++;
			}
			free(entries[j]);
		}
		free(entries);
	}
	printf("%zu inputs\n", count);
	return count > 0 ? 0 : 1;
}
