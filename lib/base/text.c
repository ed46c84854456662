#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

size_t text_utf8(const char *text, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);

	if (len == 0 || p[0] >= 0xf8)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) /* a NUL too, so it never reads past the end */
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

static size_t step(const char *text, size_t *columns)
{
	uint32_t code;
	size_t len = text_utf8(text, &code);
	int width = len == 0 ? 1 : wcwidth((wchar_t)code);

	*columns = width < 0 ? 1 : (size_t)width;
	return len == 0 ? 1 : len;
}

size_t text_width(const char *text)
{
	size_t width = 0, columns;

	while (*text != '\0') {
		text += step(text, &columns);
		width += columns;
	}
	return width;
}

size_t text_fit(const char *text, size_t columns)
{
	size_t at = 0, width = 0;

	while (text[at] != '\0') {
		size_t wide, len = step(text + at, &wide);

		if (width + wide > columns)
			break;
		width += wide;
		at += len;
	}
	return at;
}

const char *text_seconds(double seconds, char out[TEXT_SECONDS_SIZE])
{
	if (!(seconds >= 0 && seconds < 1e12)) {
		snprintf(out, TEXT_SECONDS_SIZE, "-");
	} else if (seconds < 59.95) {
		snprintf(out, TEXT_SECONDS_SIZE, "%.1f s", seconds);
	} else {
		/* Rounded first: 119.9 s is 2 m 00 s, not 1 m 60 s. */
		unsigned long long s = (unsigned long long)(seconds + 0.5);

		if (s < 3600)
			snprintf(out, TEXT_SECONDS_SIZE, "%llu m %02llu s", s / 60, s % 60);
		else if (s < 86400)
			snprintf(out, TEXT_SECONDS_SIZE, "%llu h %02llu m", s / 3600, s / 60 % 60);
		else
			snprintf(out, TEXT_SECONDS_SIZE, "%llu d %02llu h", s / 86400,
				 s / 3600 % 24);
	}
	return out;
}

size_t text_distance(const char *a, const char *b)
{
	size_t row[TEXT_DISTANCE_MAX + 1];
	size_t n = strlen(b);

	if (n > TEXT_DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}
