/* What the files of the ear's compiled loops share: see ear.c. */

#ifndef EAR_H
#define EAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define API __attribute__((visibility("default")))
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(WIDE)
#define FAST __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), flatten))
#define WIDE __builtin_cpu_supports("avx512f") /* 32 registers of 64 bytes */
#else
#define FAST
#endif
#ifndef WIDE
#define WIDE 0
#endif
#define INLINE static inline __attribute__((always_inline))

typedef float floats __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t ints __attribute__((vector_size(64), aligned(4), may_alias));
typedef float fours __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t four_ints __attribute__((vector_size(16)));
typedef float eights __attribute__((vector_size(32), aligned(4), may_alias));
typedef double doubles __attribute__((vector_size(64), aligned(8), may_alias));

enum { LANES = 16, EIGHT = 8 };
enum { RATE = 8000, MOST_LINES = 4096, MOST_TONES = 4 };

#define AT(T, x) (*(T *)(x))
#define READ(T, x) (*(const T *)(x))

INLINE floats chosen(ints where, floats one, floats other)
{
    return (floats)(((ints)one & where) | ((ints)other & ~where));
}

INLINE double across(doubles x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])); }

INLINE float across_eight(eights x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])); }

/* Sum of those of `lines` values that lie in [first, last). */
INLINE double sum(const float *power, int lines, int first, int last)
{
    first = first < 0 ? 0 : first, last = last > lines ? lines : last;
    doubles lanes = {0};
    double rest = 0;
    for (; first + EIGHT <= last; first += EIGHT)
        lanes += __builtin_convertvector(READ(eights, power + first), doubles);
    for (; first < last; first++)
        rest += power[first];
    return across(lanes) + rest;
}

/* Rows of n samples, `stride` apart, each times a window (n,) and zeros up to 2 size: powers of lines [low, high),
   (count, high - low); where their sums are asked for, (count,), of all lines, (count, size + 1). */
API void ear_powers(const float *rows, int stride, int count, int n, const float *window, int size, int low, int high,
                    float *powers, double *sums);

#endif
