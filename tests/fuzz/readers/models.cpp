#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "models/profiles/cost_profile.hpp"
#include "models/profiles/gpu.hpp"
#include "models/specs/imported_model.hpp"
#include "models/specs/model_spec.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/readers.hpp"

#include <array>
#include <cmath>

namespace ringsim::fuzz {
namespace {

void use(const ModelSpec& spec) {
  check(std::isfinite(flop_per_sample(spec)), "a model's operations are a number");
  check(backward_flop(spec.forward_flop).size() == spec.layers.size(), "every layer has its own");
  check(total_parameters(spec.layers) > 0, "a model has parameters");
}

void read_model(std::string_view bytes) { use(load_model_spec(write_input("model.json", bytes))); }

void import(const std::filesystem::path& path) {
  const auto imported = import_model(path, {"imported", {}, true});
  expect_accepted("what was imported", [&] {
    use(load_model_spec(write_input("imported.json", to_text(to_json(imported)))));
  });
}

void import_config_file(std::string_view bytes) { import(write_input("config.json", bytes)); }
void import_list(std::string_view bytes) { import(write_input("list.txt", bytes)); }
void import_header(std::string_view bytes) { import(write_input("list.safetensors", bytes)); }

void read_gpu(std::string_view bytes) {
  const auto gpu = load_gpu(write_input("gpu.json", bytes));
  check(gpu.speed(gpu.default_precision).value > 0, "a GPU has its own precision");
}

void read_profile(std::string_view bytes) {
  const auto profile = load_cost_profile(write_input("profile.json", bytes));
  static_cast<void>(schemes_in(profile));
  for (const auto& scheme : profile.schemes) {
    const auto found = find_costs(profile, {scheme.scheme, scheme.rank, scheme.values});
    check(found.has_value(), "a profile has what it lists");
    for (const auto& stage : scheme.stages)
      check(stage.time({}).value >= 0, "a stage takes its time");
  }
  const auto text = to_text(to_json(profile));
  expect_accepted("a profile that was written", [&] {
    const auto again = load_cost_profile(write_input("again.json", text));
    check(to_text(to_json(again)) == text, "a profile is written as it was read");
  });
}

}  // namespace

std::span<const Reader> model_readers() {
  static constexpr std::array<Reader, 6> all = {{{"model", read_model},
                                                 {"model-config", import_config_file},
                                                 {"model-list", import_list},
                                                 {"model-header", import_header},
                                                 {"gpu", read_gpu},
                                                 {"profile", read_profile}}};
  return all;
}

}  // namespace ringsim::fuzz
