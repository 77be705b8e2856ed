/* The pruning engine for other languages: shared library libringsim_prune, plain C.
 *
 * What is computed stands in models/prune/engine.hpp; in short, for every element of a layer
 *   u = momentum*u + g;  r = r + u;  kept = |r| > threshold * max(|w|, floor)
 * (without a velocity u is g), in IEEE binary32 without fused multiply-add, and the bits are the
 * same on every engine.
 *
 * Memory. An engine works on host memory ("scalar", "avx2", "avx512") or device memory ("cuda");
 * ALL pointers to numbers in one call are of that kind, results included. The library keeps no
 * pointer beyond a call (cuda: beyond the work that the call enqueued) and frees none of the
 * caller's memory.
 *
 * Streams. `stream` is a cudaStream_t (NULL: the default stream); calls on device memory enqueue
 * work and return; they neither allocate nor synchronise and may be captured in a CUDA graph
 * (except ringsim_prune_plan_set_limits). The device that was current when the plan was made has to
 * be current. With engines on host memory `stream` is ignored and results are there on return.
 *
 * Shapes. gradient, residual, velocity, weight, target: float[], the flat buffers of a whole model,
 * reaching to the end of the last segment at least; aligned to 4 bytes (16 is faster on cuda).
 * mask: uint64_t[]; element i of a segment is bit i%64 of word mask_offset + i/64; unused bits are
 * 0. packed: float[], room for all kept elements, which stand there in the order of segments and
 * elements. No two buffers overlap.
 *
 * Errors. Functions return RINGSIM_PRUNE_OK or an error code; ringsim_prune_last_error() then says
 * what was wrong. Errors of enqueued work show in later calls, as CUDA reports them.
 *
 * Threads. A plan serves one call at a time (cuda: work of one stream at a time). Different plans
 * are independent, also on one engine.
 */
#ifndef RINGSIM_PRUNE_H
#define RINGSIM_PRUNE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RINGSIM_PRUNE_API __attribute__((visibility("default")))

enum ringsim_prune_status {
  RINGSIM_PRUNE_OK = 0,
  RINGSIM_PRUNE_INVALID_ARGUMENT = 1, /* an unknown name, a null pointer, a value out of range */
  RINGSIM_PRUNE_UNAVAILABLE = 2,      /* the engine cannot be used on this machine */
  RINGSIM_PRUNE_TOO_SMALL = 3,        /* the caller's room does not suffice */
  RINGSIM_PRUNE_FAILED = 4            /* CUDA or the memory of the host failed */
};

enum ringsim_prune_memory { RINGSIM_PRUNE_HOST = 0, RINGSIM_PRUNE_DEVICE = 1 };

typedef struct ringsim_prune_engine ringsim_prune_engine;
typedef struct ringsim_prune_plan ringsim_prune_plan;

/* A layer: elements of the flat buffers and whole words of the mask. Segments overlap in neither.
 */
typedef struct ringsim_prune_segment {
  uint64_t offset;      /* first element */
  uint64_t parameters;  /* elements */
  uint64_t mask_offset; /* first word */
  float threshold;
  float floor; /* smallest scale, above 0 */
} ringsim_prune_segment;

/* Of one segment. importance = |r| / max(|w|, floor). */
typedef struct ringsim_prune_statistics {
  uint64_t kept;
  double importance_sum;
  double importance_square_sum;
} ringsim_prune_statistics;

/* Text of this thread's last error; never NULL; valid until the thread's next call. */
RINGSIM_PRUNE_API const char* ringsim_prune_last_error(void);

/* name: "scalar", "avx2", "avx512", "cuda", or "auto": what the environment variable RINGSIM_ENGINE
 * names or, where it is not set, the fastest on host memory. threads: of the CPU, 0 for one per
 * core; cuda ignores it. */
RINGSIM_PRUNE_API int ringsim_prune_engine_create(const char* name, unsigned threads,
                                                  ringsim_prune_engine** engine);
RINGSIM_PRUNE_API void ringsim_prune_engine_destroy(
    ringsim_prune_engine* engine); /* NULL is fine */
/* Which memory the engine works on: enum ringsim_prune_memory. */
RINGSIM_PRUNE_API int ringsim_prune_engine_memory(const ringsim_prune_engine* engine);

/* A plan for `count` segments (host memory, copied). The engine has to outlive it. On cuda this
 * allocates and synchronises: make plans once. */
RINGSIM_PRUNE_API int ringsim_prune_plan_create(ringsim_prune_engine* engine,
                                                const ringsim_prune_segment* segments, size_t count,
                                                ringsim_prune_plan** plan);
RINGSIM_PRUNE_API void ringsim_prune_plan_destroy(ringsim_prune_plan* plan); /* NULL is fine */
/* Thresholds and floors for the following selects; host memory, one per segment, taken before the
 * call returns. */
RINGSIM_PRUNE_API int ringsim_prune_plan_set_limits(ringsim_prune_plan* plan,
                                                    const float* thresholds, const float* floors,
                                                    void* stream);
/* The same from memory of the engine's kind, enqueued like the other calls: for limits that were
 * computed on the device, which the host need not wait for. */
RINGSIM_PRUNE_API int ringsim_prune_plan_copy_limits(ringsim_prune_plan* plan,
                                                     const float* thresholds, const float* floors,
                                                     void* stream);
/* Chunks of 4096 elements of a segment, over all segments (a segment without elements has one): the
 * length of what ringsim_prune_count_chunks writes. */
RINGSIM_PRUNE_API size_t ringsim_prune_plan_chunks(const ringsim_prune_plan* plan);

/* One pass over all segments: accumulate, test, write the mask and the statistics (one per
 * segment). gradient may be NULL (nothing is accumulated), velocity too (no momentum correction).
 */
RINGSIM_PRUNE_API int ringsim_prune_select(ringsim_prune_plan* plan, const float* gradient,
                                           float* residual, float* velocity, const float* weight,
                                           float momentum, uint64_t* mask,
                                           ringsim_prune_statistics* statistics, void* stream);
/* Moves residual[mask] to packed and clears residual[mask] and velocity[mask]. velocity may be
 * NULL; kept, the number of packed elements, too. */
RINGSIM_PRUNE_API int ringsim_prune_pack(ringsim_prune_plan* plan, const uint64_t* mask,
                                         float* residual, float* velocity, float* packed,
                                         uint64_t* kept, void* stream);
/* target[mask] = packed. */
RINGSIM_PRUNE_API int ringsim_prune_unpack(ringsim_prune_plan* plan, const uint64_t* mask,
                                           const float* packed, float* target, void* stream);
/* mask |= other; the words of all segments up to the plan's last one. */
RINGSIM_PRUNE_API int ringsim_prune_unite(ringsim_prune_plan* plan, uint64_t* mask,
                                          const uint64_t* other, void* stream);
/* Set bits of each chunk; counts: ringsim_prune_plan_chunks() integers. */
RINGSIM_PRUNE_API int ringsim_prune_count_chunks(ringsim_prune_plan* plan, const uint64_t* mask,
                                                 uint32_t* counts, void* stream);

/* The mask of all segments as one message, as ringsim would send it; host memory whatever the
 * engine is. encoding: "bitmap", "index", "delta", "runs", "rice", "index32", or NULL for the
 * smallest per segment. *size: the bytes of the message, also where the result is
 * RINGSIM_PRUNE_TOO_SMALL because `capacity` is less (bytes may then be NULL). */
RINGSIM_PRUNE_API int ringsim_prune_encode_mask(const ringsim_prune_plan* plan,
                                                const uint64_t* mask, const char* encoding,
                                                uint8_t* bytes, size_t capacity, size_t* size);
/* The inverse; overwrites the words of all segments. Bytes that are no such message are
 * RINGSIM_PRUNE_INVALID_ARGUMENT. */
RINGSIM_PRUNE_API int ringsim_prune_decode_mask(const ringsim_prune_plan* plan,
                                                const uint8_t* bytes, size_t size, uint64_t* mask);

/* For benchmarks of cuda. residual[i] += gradient[i] + weight[i]: what a pass over the same memory
 * takes at least. */
RINGSIM_PRUNE_API int ringsim_prune_accumulate_bare(const float* gradient, const float* weight,
                                                    float* residual, size_t elements, void* stream);
/* Threads per block of select: 256, 512 or 1024. */
RINGSIM_PRUNE_API int ringsim_prune_plan_set_select_threads(ringsim_prune_plan* plan,
                                                            unsigned threads);

#ifdef __cplusplus
}
#endif

#endif
