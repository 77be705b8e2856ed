#include "sim/sources/prune_dump.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/formats/tensor.hpp"
#include "base/random.hpp"
#include "models/profiles/cost_profile.hpp"
#include "models/schemes/iwp.hpp"
#include "sim/sources/trace_source.hpp"
#include "tests/scheme_options.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

const Layers two_layers = {{"fc.weight", 0, 3000}, {"fc.bias", 3000, 20}};
constexpr std::size_t parameters = 3020;

std::vector<float> random_values(std::size_t count, std::uint64_t stream) {
  Random random(7, Purpose::initial_weights, 0, stream);
  std::vector<float> values(count);
  // Heavy-tailed, as gradients are.
  for (float& value : values) value = static_cast<float>(std::pow(random.uniform() * 2 - 1, 9));
  return values;
}

std::vector<float> gradient(Rank rank, std::uint64_t step) {
  return random_values(parameters, 1000 + step * 100 + rank);
}

std::string_view bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

void write(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

/// The dump of a model of two layers: `ranks` ranks, `steps` steps.
PruneOptions write_dump(const fs::path& folder, Rank ranks, std::uint64_t steps) {
  const auto file = [&](const std::vector<std::vector<float>>& rows, bool stacked) {
    std::vector<float> weight, bias;
    for (const auto& row : rows) {
      weight.insert(weight.end(), row.begin(), row.begin() + 3000);
      bias.insert(bias.end(), row.begin() + 3000, row.end());
    }
    std::vector<std::size_t> shape = {30, 100}, bias_shape = {20};
    if (stacked) {
      shape.insert(shape.begin(), rows.size());
      bias_shape.insert(bias_shape.begin(), rows.size());
    }
    const std::vector<TensorBytes> tensors = {{"fc.weight", "F32", shape, bytes_of(weight)},
                                              {"fc.bias", "F32", bias_shape, bytes_of(bias)}};
    return to_safetensors(tensors);
  };
  PruneOptions options;
  options.weights = folder / "w.safetensors";
  options.output = folder / "trace";
  write(options.weights, file({random_values(parameters, 1)}, false));
  for (std::uint64_t step = 0; step < steps; ++step) {
    std::vector<std::vector<float>> rows;
    for (Rank rank = 0; rank < ranks; ++rank) rows.push_back(gradient(rank, step));
    options.gradients.push_back(folder / fmt::format("g{}.safetensors", step));
    write(options.gradients.back(), file(rows, ranks > 1));
  }
  set(options.scheme_options, "density", 1.0 / 20);
  set(options.scheme_options, "broadcasters", std::min<Rank>(ranks, 2));
  return options;
}

/// Everything that a stage says, for comparing.
std::string text_of(const Stage& stage) {
  std::string text(stage.phase.text());
  if (const auto* reduce = std::get_if<AllReduce>(&stage.what))
    text += fmt::format(" {} of {}", reduce->elements, reduce->element_bytes.count);
  if (const auto* gather = std::get_if<AllGather>(&stage.what))
    for (const auto& part : gather->parts)
      text += fmt::format(" {}+{}", part.masks.count, part.headers.count);
  if (const auto* work = std::get_if<LocalWork>(&stage.what)) {
    for (const auto& bytes : work->moved) text += fmt::format(" {}", bytes.count);
    for (const auto& bytes : work->coded) text += fmt::format(" c{}", bytes.count);
    text += fmt::format(" stage {}", static_cast<int>(work->stage));
    for (const auto& term : cost_terms()) text += fmt::format(" {}", work->counts.*term.count);
  }
  return text;
}

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("a trace replays on its own ranks exactly what the scheme exchanged") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 4, 6);
  options.scheme = GENERATE(as<std::string>(), "iwp", "magnitude", "cltk");
  options.scheme_options.momentum = GENERATE(0.0, 0.9);
  if (options.scheme != "cltk") {
    set(options.scheme_options, "mask-interval", GENERATE(1, 4));
    set(options.scheme_options, "tail", 0.002);
  }
  const auto result = prune_dump(options, {});
  CHECK(result.steps == 6);
  CHECK(result.ranks == 4);
  CHECK(result.layers[1].whole);

  const TraceSource trace(options.output, {}, {});
  SchemeOptions scheme_options = options.scheme_options;
  scheme_options.ranks = 4;
  const auto scheme = find_scheme(options.scheme).make(two_layers, scheme_options);
  const auto weights = random_values(parameters, 1);
  for (std::uint64_t step = 0; step < 6; ++step) {
    for (Rank rank = 0; rank < 4; ++rank)
      scheme->contribute(rank, step, gradient(rank, step), weights);
    const auto outcome = scheme->exchange(step);
    const auto replayed = trace.step(step, 4);
    REQUIRE(replayed.stages.size() == outcome.stages.size());
    for (std::size_t i = 0; i < outcome.stages.size(); ++i)
      CHECK(text_of(replayed.stages[i]) == text_of(outcome.stages[i]));
    CHECK(replayed.layers[0].threshold == outcome.layers[0].threshold);
    CHECK(replayed.layers[0].kept == outcome.layers[0].kept);
    CHECK(replayed.kept == outcome.layers[0].kept + 20);
  }
}

TEST_CASE("on other numbers of ranks a trace sends the same masks and values") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 4, 3);
  prune_dump(options, {});
  const TraceSource trace(options.output, {}, {});
  const auto sizes = [&](Rank ranks) {
    std::uint64_t masks = 0, values = 0;
    for (std::uint64_t step = 0; step < 3; ++step) {
      const auto replayed = trace.step(step, ranks);
      const auto& gather = std::get<AllGather>(replayed.stages[1].what);
      CHECK(gather.parts.size() == ranks);
      for (const auto& part : gather.parts) masks += part.total().count;
      values += std::get<AllReduce>(replayed.stages[3].what).elements;
    }
    return std::pair(masks, values);
  };
  CHECK(sizes(4).first > 0);
  CHECK(sizes(2) == sizes(4));
  CHECK(sizes(7) == sizes(4));
  const TraceSource dense(options.output, "dense", {});
  CHECK(std::get<AllReduce>(dense.step(0, 9).stages[0].what).elements == parameters);
  const TraceSource bitmaps(options.output, {}, "bitmap");
  // Two broadcasters; 3000 bits are 375 bytes, a length of two bytes and the encoding's number.
  const auto replayed = bitmaps.step(2, 4);
  std::uint64_t masks = 0, headers = 0;
  for (const auto& part : std::get<AllGather>(replayed.stages[1].what).parts) {
    masks += part.masks.count;
    headers += part.headers.count;
  }
  CHECK(masks == 2 * 375);
  CHECK(headers == 2 * 3);
}

TEST_CASE("a trace replays as topk what every rank selected itself") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 3, 2);
  options.write_masks = true;
  prune_dump(options, {});
  const auto rows = read_trace(options.output);
  const TraceSource gathered(options.output, "topk", {});
  const auto stages = gathered.step(1, 4).stages;
  const auto& parts = std::get<AllGather>(stages[1].what).parts;
  REQUIRE(parts.size() == 4);
  // Rank 3 does what rank 0 did.
  for (Rank rank = 0; rank < 4; ++rank)
    CHECK(parts[rank].values == Bytes{4 * rows.row(1, rank % 3, 0).kept});
  CHECK(parts[3].masks == parts[0].masks);
  CHECK(std::get<AllReduce>(stages[2].what).elements == 20);  // the bias, whole

  // On a ring sizes depend on the masks.
  const TraceSource on_ring(options.output, "topk", {}, {.on_ring = true});
  const auto ring_stages = on_ring.step(1, 3).stages;
  const auto& sparse = std::get<SparseAllReduce>(ring_stages[1].what);
  REQUIRE(sparse.masks.size() == 3);
  for (Rank rank = 0; rank < 3; ++rank)
    CHECK(prune::count(sparse.masks[rank]) == rows.row(1, rank, 0).kept);
  CHECK_THROWS_WITH(
      on_ring.step(1, 4),
      "`sparse-sum`: a ring's sizes depend on the masks of all 4 ranks, and " +
          options.output.string() +
          " has those of 3; ringsim prune `masks` keeps them; or add `assume` independent");
  fs::remove_all(options.output / "masks");
  CHECK_THROWS_WITH(on_ring.step(1, 2),
                    "`sparse-sum`: a ring's sizes depend on the masks of all 2 ranks, and " +
                        options.output.string() +
                        " has none; ringsim prune `masks` keeps them; or add `assume` independent");
  const TraceSource assumed(options.output, "topk", {},
                            {.on_ring = true, .assumes_independent = true});
  const auto assumed_stages = assumed.step(1, 4).stages;
  const auto& kept = std::get<SparseAllReduce>(assumed_stages[1].what).union_kept;
  REQUIRE(kept.size() == 4);
  double missed = 1;
  for (Rank rank = 0; rank < 4; ++rank) {
    missed *= 1 - static_cast<double>(rows.row(1, rank % 3, 0).kept) / 3000;
    CHECK(static_cast<double>(kept[rank]) == Approx(3000 * (1 - missed)).margin(0.5));
  }
}

TEST_CASE("a trace is replayed in buckets") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 3, 1);
  prune_dump(options, {});
  const TraceSource trace(options.output, {}, {});
  const auto whole = trace.step(0, 3), parts = trace.step(0, 3, {{{1}}, {{0}}});
  // The bias has no masks to wait for: its part of the all-gather is empty.
  REQUIRE(parts.stages.size() == 2 * whole.stages.size());
  for (std::size_t i = 0; i < parts.stages.size(); ++i)
    CHECK(parts.stages[i].bucket == i / whole.stages.size());
  CHECK(std::get<AllReduce>(parts.stages[3].what).elements == 20);
  CHECK(text_of(parts.stages[6]) == text_of(whole.stages[1]));
  CHECK(parts.kept == whole.kept);
}

TEST_CASE("masks and values that a trace holds are those that were sent") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 2, 3);
  options.write_masks = options.write_values = true;
  prune_dump(options, {});
  const auto trace = read_trace(options.output);
  SchemeOptions scheme_options = options.scheme_options;
  scheme_options.ranks = 2;
  IwpScheme scheme(two_layers, scheme_options);
  for (std::uint64_t step = 0; step < 3; ++step) {
    for (Rank rank = 0; rank < 2; ++rank)
      scheme.contribute(rank, step, gradient(rank, step), random_values(parameters, 1));
    (void)scheme.exchange(step);
    const auto name = fmt::format("step-{:06}.safetensors", step);
    const auto values = load_tensors(options.output / "values" / name);
    const auto* of_rank_1 = values.find("rank1");
    REQUIRE(of_rank_1);
    std::vector<float> sent(of_rank_1->elements());
    read_floats(*of_rank_1, 0, sent);
    CHECK(sent.size() == trace.row(step, 1, 0).sent + 20);
    CHECK(std::ranges::equal(sent, scheme.packed(1)));
    const std::string masks = read_file(options.output / "masks" / name);
    CHECK(masks.find("\"rank0/fc.weight\"") != std::string::npos);
    CHECK(masks.find("\"sent/fc.weight\"") != std::string::npos);
    // The last 375 bytes are the mask that was sent.
    std::uint64_t bits = 0;
    for (const char c : masks.substr(masks.size() - 375))
      bits += static_cast<std::uint64_t>(__builtin_popcount(static_cast<unsigned char>(c)));
    CHECK(bits == trace.row(step, 0, 0).sent);
  }
}

TEST_CASE("a dump that does not fit its weights leaves no trace") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 2, 2);
  const auto second = options.gradients[1];
  const auto run = [&] { prune_dump(options, {}); };
  const auto files = [&] {
    return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
  };
  const auto before = files();

  const std::string whole = read_file(second);
  write(second, std::string_view(whole).substr(0, whole.size() - 4));
  CHECK(error_of(run).starts_with(second.string() + ": /fc.bias/data_offsets/1: found the number"));
  write(second, read_file(options.weights));
  CHECK(error_of(run) == second.string() +
                             ": /fc.weight: \"fc.weight\" of 1 ranks; 2, the ranks of " +
                             options.gradients[0].string() + ", are accepted");
  const std::vector<TensorBytes> other = {{"fc.weight", "F32", {0}, {}}};
  write(second, to_safetensors(other));
  CHECK(error_of(run) ==
        second.string() +
            ": /fc.weight: the shape (0) of \"fc.weight\"; (30, 100), the shape of "
            "the weight, or (RANKS, ...) before it is accepted");
  std::vector<float> all(2 * 3000, 1);
  all[3005] = std::nanf("");
  const std::vector<float> biases(40, 1);
  const std::vector<TensorBytes> bad = {{"fc.weight", "F32", {2, 30, 100}, bytes_of(all)},
                                        {"fc.bias", "F32", {2, 20}, bytes_of(biases)}};
  write(second, to_safetensors(bad));
  CHECK(error_of(run) ==
        second.string() +
            ": /fc.weight: element 5 of \"fc.weight\", rank 1, is nan; finite gradients are "
            "accepted; `nonfinite` keep takes them as they are");
  CHECK(files() == before);

  options.keep_nonfinite = true;
  run();
  // A NaN is never selected, and never sent.
  CHECK(read_trace(options.output).header.steps == 2);
  CHECK(error_of(run) == options.output.string() +
                             ": exists and is not an empty folder; a new or empty folder is "
                             "accepted; choose another folder for -o");
  options.output = folder.path() / "missing" / "other";
  const auto first = read_file(second);
  write(second, "x");
  CHECK(error_of(run).starts_with(second.string()));
  CHECK(!fs::exists(folder.path() / "missing"));
  write(second, first);
  options.scheme = "dense";
  options.scheme_options = {};
  CHECK(error_of(run) ==
        "`scheme`: dense selects nothing; a scheme whose ranks share a mask is accepted: iwp, "
        "magnitude, cltk");
}

TEST_CASE("a trace that was changed or cut is refused with the line") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 2, 2);
  prune_dump(options, {});
  const fs::path file = options.output / "trace_layers.csv";
  const std::string good = read_file(file);
  const auto error_with = [&](const std::string& text) {
    write(file, text);
    return error_of([&] { (void)read_trace(options.output); });
  };
  CHECK(error_with(good) == "no error");
  // 2 steps of 2 ranks with 2 layers.
  const auto last_line = good.rfind('\n', good.size() - 2) + 1;
  CHECK(error_with(good.substr(0, last_line)) ==
        file.string() +
            ": line 8: the table ends after 7 rows; the 8 rows of trace.json are accepted; is the "
            "file truncated?");
  CHECK(error_with(good.substr(0, good.size() - 1)) ==
        file.string() +
            ": line 9: the file ends within a line; a whole table is accepted; is the file "
            "truncated?");
  CHECK(error_with(good + good.substr(last_line)) ==
        file.string() + ": line 10: one row too many; the 8 rows of trace.json are accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,20,1,0,21,,,,,,\n") ==
        file.string() +
            ": line 9: kept 20 and sent 21 of 20 parameters; at most all of them are accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,0,fc.bias,20,,20,1,0,20,,,,,,\n") ==
        file.string() +
            ": line 9: found step 1, rank 0, layer \"fc.bias\" of 20 parameters; after trace.json, "
            "step 1, rank 1, layer \"fc.bias\" of 20 parameters is accepted");
  // Both ranks of two broadcast.
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,20,1,0,20,,,,,,\n") ==
        file.string() + ": line 9: broadcasts is 0; 1, as in the rows above, is accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,2,20,1,1,20,,3,3,3,3,3\n") ==
        file.string() + ": line 9: threshold is given; empty, as in the rows above, is accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,20,1,1,20,7,,,,,\n") ==
        file.string() +
            ": line 9: sampled is 7; an empty cell, of a layer that is sent whole, is accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,x,1,0,20,,,,,,\n") ==
        file.string() + ": line 9: kept is \"x\"; a number that is not negative is accepted");
}

TEST_CASE("a trace of an older version is read without what it does not have") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 2, 1);
  prune_dump(options, {});
  const auto now = read_trace(options.output);
  CHECK(now.row(0, 0, 0).sampled > 0U);
  const fs::path header = options.output / "trace.json",
                 table = options.output / "trace_layers.csv";
  std::string text = read_file(header);
  const auto replace = [&](std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  };
  replace("gradient-trace-3", "gradient-trace-1");
  write(header, text);
  text = read_file(table);
  replace(",sampled", "");
  for (const auto& row : now.rows) {
    if (!row.sampled) replace("20,,,,,,", "20,,,,,");
    if (row.sampled)
      replace(fmt::format("{},{},", row.sent, *row.sampled), fmt::format("{},", row.sent));
  }
  write(table, text);
  const auto older = read_trace(options.output);
  CHECK(older.row(0, 0, 0).encoded_bytes == now.row(0, 0, 0).encoded_bytes);
  CHECK(!older.row(0, 0, 0).sampled);
  CHECK_NOTHROW(TraceSource(options.output, {}, {}).step(0, 2));

  text = read_file(header);
  replace("\"iwp\"", "\"qsgd\"");
  write(header, text);
  CHECK_THROWS_WITH(TraceSource(options.output, {}, {}),
                    header.string() +
                        ": /scheme: found \"qsgd\"; a scheme whose ranks share a mask is accepted: "
                        "iwp, magnitude, cltk");
}

}  // namespace
}  // namespace ringsim
