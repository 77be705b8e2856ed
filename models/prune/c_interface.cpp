// The C interface: every function translates its arguments, calls an engine and turns exceptions
// into codes.
#include "base/error.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/engine.hpp"
#include "models/prune/ringsim_prune.h"
#include "models/prune/statistics.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#ifdef RINGSIM_HAVE_CUDA
#include "models/prune/cuda/plan.hpp"
#endif

using namespace ringsim;
using prune::MaskWord;
using prune::Segment;
using prune::Statistics;

static_assert(sizeof(ringsim_prune_statistics) == sizeof(Statistics));
static_assert(offsetof(ringsim_prune_statistics, importance_square_sum) ==
              offsetof(Statistics, importance_square_sum));
static_assert(sizeof(MaskWord) == sizeof(std::uint64_t));

struct ringsim_prune_engine {
  const prune::EngineDefinition* definition;
  std::size_t threads;
};

/// Engines on the host keep working memory, so each plan has one of its own.
struct ringsim_prune_plan {
  std::vector<Segment> segments;
  std::size_t elements = 0;  ///< of the flat buffers, to the end of the last segment
  std::size_t words = 0;
  std::unique_ptr<prune::Engine> host;
#ifdef RINGSIM_HAVE_CUDA
  std::optional<prune::cuda::Plan> device;
#endif
};

namespace {

thread_local std::string last_error;  // NOLINT: what C callers expect, as of errno

struct Failure {
  int status;
  std::string text;
};

[[noreturn]] void refuse(const std::string& text) {
  throw Failure{RINGSIM_PRUNE_INVALID_ARGUMENT, text};
}

void need(const void* pointer, const char* name) {
  if (!pointer) refuse(std::string(name) + " is NULL");
}

/// Calls `body`; its exceptions become a status and a text.
template <class Body>
int guarded(Body body) noexcept {
  try {
    body();
    return RINGSIM_PRUNE_OK;
  } catch (const Failure& failure) {
    last_error = failure.text;
    return failure.status;
  } catch (const std::exception& error) {
    last_error = error.what();
    return RINGSIM_PRUNE_FAILED;
  }
}

const prune::EngineDefinition& find_engine(std::string_view name) {
  try {
    return prune::find_engine(name, {"", "name"});
  } catch (const UserError& error) {
    const bool known = std::ranges::any_of(
        prune::engines(), [&](const auto* engine) { return engine->name == name; });
    throw Failure{known ? RINGSIM_PRUNE_UNAVAILABLE : RINGSIM_PRUNE_INVALID_ARGUMENT, error.what()};
  }
}

bool on_device(const ringsim_prune_engine& engine) {
  return engine.definition->memory == prune::EngineMemory::device;
}

Segment convert(const ringsim_prune_segment& segment, std::size_t index) {
  constexpr std::uint64_t most = std::uint64_t{1} << 56;
  if (segment.offset > most || segment.parameters > most || segment.mask_offset > most)
    refuse("segment " + std::to_string(index) + " is out of range");
  return {segment.offset, segment.parameters, segment.mask_offset, segment.threshold,
          segment.floor};
}

template <class T>
std::span<T> span_or_empty(T* pointer, std::size_t size) {
  return pointer ? std::span<T>(pointer, size) : std::span<T>();
}

std::span<const MaskWord> words_of(const ringsim_prune_plan& plan, const std::uint64_t* mask) {
  return {mask, plan.words};
}

const MaskEncoding* find_encoding(const char* name) {
  if (!name) return nullptr;
  std::string accepted;
  for (const MaskEncoding* encoding : mask_encodings()) {
    if (encoding->name == name) return encoding;
    accepted += (accepted.empty() ? "" : ", ") + std::string(encoding->name);
  }
  refuse("the encoding \"" + std::string(name) + "\" is unknown; accepted: " + accepted);
}

#ifdef RINGSIM_HAVE_CUDA
cudaStream_t stream_of(void* stream) { return static_cast<cudaStream_t>(stream); }
#endif

}  // namespace

const char* ringsim_prune_last_error(void) { return last_error.c_str(); }

int ringsim_prune_engine_create(const char* name, unsigned threads, ringsim_prune_engine** engine) {
  return guarded([&] {
    need(name, "name");
    need(engine, "engine");
    *engine = new ringsim_prune_engine{&find_engine(name), threads};
  });
}

void ringsim_prune_engine_destroy(ringsim_prune_engine* engine) { delete engine; }

int ringsim_prune_engine_memory(const ringsim_prune_engine* engine) {
  return on_device(*engine) ? RINGSIM_PRUNE_DEVICE : RINGSIM_PRUNE_HOST;
}

int ringsim_prune_plan_create(ringsim_prune_engine* engine, const ringsim_prune_segment* segments,
                              size_t count, ringsim_prune_plan** plan) {
  return guarded([&] {
    need(engine, "engine");
    need(plan, "plan");
    if (count != 0) need(segments, "segments");
    auto made = std::make_unique<ringsim_prune_plan>();
    for (std::size_t i = 0; i < count; ++i) {
      const Segment segment = convert(segments[i], i);
      made->segments.push_back(segment);
      made->elements = std::max(made->elements, segment.offset + segment.parameters);
      made->words =
          std::max(made->words, segment.mask_offset + prune::mask_words(segment.parameters));
    }
    if (!on_device(*engine)) made->host = engine->definition->make(engine->threads);
#ifdef RINGSIM_HAVE_CUDA
    if (on_device(*engine)) made->device.emplace(made->segments);
#endif
    *plan = made.release();
  });
}

void ringsim_prune_plan_destroy(ringsim_prune_plan* plan) { delete plan; }

int ringsim_prune_plan_set_limits(ringsim_prune_plan* plan, const float* thresholds,
                                  const float* floors, [[maybe_unused]] void* stream) {
  return guarded([&] {
    need(plan, "plan");
    if (plan->segments.empty()) return;
    need(thresholds, "thresholds");
    need(floors, "floors");
    for (std::size_t i = 0; i < plan->segments.size(); ++i) {
      plan->segments[i].threshold = thresholds[i];
      plan->segments[i].floor = floors[i];
    }
#ifdef RINGSIM_HAVE_CUDA
    if (plan->device) plan->device->set_limits(plan->segments, stream_of(stream));
#endif
  });
}

int ringsim_prune_plan_copy_limits(ringsim_prune_plan* plan, const float* thresholds,
                                   const float* floors, void* stream) {
#ifdef RINGSIM_HAVE_CUDA
  if (plan && plan->device) {
    return guarded([&] {
      if (plan->segments.empty()) return;
      need(thresholds, "thresholds");
      need(floors, "floors");
      plan->device->copy_limits(thresholds, floors, stream_of(stream));
    });
  }
#endif
  return ringsim_prune_plan_set_limits(plan, thresholds, floors, stream);
}

size_t ringsim_prune_plan_chunks(const ringsim_prune_plan* plan) {
  std::size_t chunks = 0;
  for (const Segment& segment : plan->segments)
    chunks += std::max<std::size_t>(1, prune::statistics_chunks(segment.parameters));
  return chunks;
}

int ringsim_prune_select(ringsim_prune_plan* plan, const float* gradient, float* residual,
                         float* velocity, const float* weight, float momentum, uint64_t* mask,
                         ringsim_prune_statistics* statistics, [[maybe_unused]] void* stream) {
  return guarded([&] {
    need(plan, "plan");
    if (plan->segments.empty()) return;
    need(statistics, "statistics");
    if (plan->elements != 0) {
      need(residual, "residual");
      need(weight, "weight");
      need(mask, "mask");
    }
    if (velocity && !gradient) refuse("velocity needs a gradient to be accumulated from");
    auto* const results = reinterpret_cast<Statistics*>(statistics);
#ifdef RINGSIM_HAVE_CUDA
    if (plan->device) {
      plan->device->select({gradient, residual, velocity, weight, mask}, momentum, results,
                           stream_of(stream));
      return;
    }
#endif
    plan->host->select(
        {span_or_empty(gradient, plan->elements), span_or_empty(residual, plan->elements),
         span_or_empty(velocity, plan->elements), span_or_empty(weight, plan->elements),
         span_or_empty(mask, plan->words)},
        momentum, plan->segments, {results, plan->segments.size()});
  });
}

int ringsim_prune_pack(ringsim_prune_plan* plan, const uint64_t* mask, float* residual,
                       float* velocity, float* packed, uint64_t* kept,
                       [[maybe_unused]] void* stream) {
  return guarded([&] {
    need(plan, "plan");
    if (plan->elements != 0) {
      need(mask, "mask");
      need(residual, "residual");
      need(packed, "packed");
    }
#ifdef RINGSIM_HAVE_CUDA
    if (plan->device) {
      plan->device->pack(mask, residual, velocity, packed, kept, stream_of(stream));
      return;
    }
#endif
    const std::size_t moved = plan->host->pack(
        words_of(*plan, mask), plan->segments, span_or_empty(residual, plan->elements),
        span_or_empty(velocity, plan->elements), span_or_empty(packed, plan->elements));
    if (kept) *kept = moved;
  });
}

int ringsim_prune_unpack(ringsim_prune_plan* plan, const uint64_t* mask, const float* packed,
                         float* target, [[maybe_unused]] void* stream) {
  return guarded([&] {
    need(plan, "plan");
    if (plan->elements == 0) return;
    need(mask, "mask");
    need(packed, "packed");
    need(target, "target");
#ifdef RINGSIM_HAVE_CUDA
    if (plan->device) {
      plan->device->unpack(mask, packed, target, stream_of(stream));
      return;
    }
#endif
    plan->host->unpack(words_of(*plan, mask), plan->segments, {packed, plan->elements},
                       {target, plan->elements});
  });
}

int ringsim_prune_unite(ringsim_prune_plan* plan, uint64_t* mask, const uint64_t* other,
                        [[maybe_unused]] void* stream) {
  return guarded([&] {
    need(plan, "plan");
    if (plan->words == 0) return;
    need(mask, "mask");
    need(other, "other");
#ifdef RINGSIM_HAVE_CUDA
    if (plan->device) {
      prune::cuda::unite(mask, other, plan->words, stream_of(stream));
      return;
    }
#endif
    prune::unite({mask, plan->words}, words_of(*plan, other));
  });
}

int ringsim_prune_count_chunks(ringsim_prune_plan* plan, const uint64_t* mask, uint32_t* counts,
                               [[maybe_unused]] void* stream) {
  return guarded([&] {
    need(plan, "plan");
    if (plan->segments.empty()) return;
    need(counts, "counts");
    if (plan->words != 0) need(mask, "mask");
#ifdef RINGSIM_HAVE_CUDA
    if (plan->device) {
      plan->device->count_chunks(mask, counts, stream_of(stream));
      return;
    }
#endif
    constexpr std::size_t chunk_words = prune::statistics_chunk / 64;
    for (const Segment& segment : plan->segments) {
      auto words =
          words_of(*plan, mask).subspan(segment.mask_offset, prune::mask_words(segment.parameters));
      do {
        const auto chunk = words.first(std::min(chunk_words, words.size()));
        *counts++ = static_cast<std::uint32_t>(prune::count(chunk));
        words = words.subspan(chunk.size());
      } while (!words.empty());
    }
  });
}

int ringsim_prune_encode_mask(const ringsim_prune_plan* plan, const uint64_t* mask,
                              const char* encoding, uint8_t* bytes, size_t capacity, size_t* size) {
  return guarded([&] {
    need(plan, "plan");
    need(size, "size");
    if (plan->words != 0) need(mask, "mask");
    const EncodedMasks message =
        encode_masks(words_of(*plan, mask), plan->segments, find_encoding(encoding));
    *size = message.bytes.size();
    if (*size > capacity)
      throw Failure{RINGSIM_PRUNE_TOO_SMALL, "the message takes " + std::to_string(*size) +
                                                 " bytes, and there is room for " +
                                                 std::to_string(capacity)};
    if (*size == 0) return;
    need(bytes, "bytes");
    std::memcpy(bytes, message.bytes.data(), *size);
  });
}

int ringsim_prune_decode_mask(const ringsim_prune_plan* plan, const uint8_t* bytes, size_t size,
                              uint64_t* mask) {
  return guarded([&] {
    need(plan, "plan");
    if (size != 0) need(bytes, "bytes");
    if (plan->words != 0) need(mask, "mask");
    try {
      decode_masks({bytes, size}, plan->segments, {mask, plan->words});
    } catch (const std::runtime_error& error) {
      refuse(error.what());
    }
  });
}

int ringsim_prune_accumulate_bare([[maybe_unused]] const float* gradient,
                                  [[maybe_unused]] const float* weight,
                                  [[maybe_unused]] float* residual,
                                  [[maybe_unused]] size_t elements, [[maybe_unused]] void* stream) {
  return guarded([&] {
#ifdef RINGSIM_HAVE_CUDA
    if (elements == 0) return;
    need(gradient, "gradient");
    need(weight, "weight");
    need(residual, "residual");
    prune::cuda::accumulate_bare(gradient, weight, residual, elements, stream_of(stream));
#else
    throw Failure{RINGSIM_PRUNE_UNAVAILABLE, "this build is without CUDA"};
#endif
  });
}

int ringsim_prune_plan_set_select_threads(ringsim_prune_plan* plan, unsigned threads) {
  return guarded([&] {
    need(plan, "plan");
    if (threads != 256 && threads != 512 && threads != 1024)
      refuse("select has 256, 512 or 1024 threads");
#ifdef RINGSIM_HAVE_CUDA
    if (plan->device) plan->device->set_select_threads(threads);
#endif
  });
}
