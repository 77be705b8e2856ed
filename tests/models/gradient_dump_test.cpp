#include "models/gradient_dump.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {

class Dump {
 public:
  std::filesystem::path write(const std::string& name, const std::vector<TensorBytes>& tensors) {
    AtomicFile file(folder_.path() / name);
    file.write(to_safetensors(tensors));
    file.commit();
    return folder_.path() / name;
  }
  /// What reading the weights and one more step says.
  std::string error(const std::vector<std::filesystem::path>& steps) {
    try {
      const GradientDump dump(folder_.path() / "w.safetensors", steps);
      for (std::size_t step = 0; step < steps.size(); ++step) (void)dump.read_step(step, true);
    } catch (const UserError& error) {
      std::string text = error.what();
      const std::string folder = folder_.path().string() + "/";
      for (std::size_t at = 0; (at = text.find(folder)) != text.npos;)
        text.erase(at, folder.size());
      return text;
    }
    return "no error";
  }

 private:
  TemporaryFolder folder_;
};

/// Two floats (1 and -2), and a counter.
const std::string floats("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8), counter(8, '\1');

}  // namespace

TEST_CASE("of a state_dict the tensors with gradients are layers", "[dump]") {
  Dump dump;
  const auto weights = dump.write("w.safetensors", {{"conv.weight", "F32", {2}, floats},
                                                    {"bn.running_mean", "F32", {2}, floats},
                                                    {"bn.num_batches_tracked", "I64", {}, counter},
                                                    {"bn.bias", "F32", {1, 2}, floats}});
  const auto step = dump.write(
      "g0.safetensors", {{"bn.bias", "F32", {1, 2}, floats}, {"conv.weight", "F32", {2}, floats}});
  const GradientDump read(weights, {step});
  REQUIRE(read.layers().size() == 2);
  CHECK(read.layers()[0].name == "conv.weight");
  CHECK(read.layers()[1].name == "bn.bias");
  CHECK(read.layers()[1].offset == 2);
  CHECK(read.weights().size() == 4);
  CHECK(read.passed_over() ==
        std::vector<std::string>{"bn.running_mean", "bn.num_batches_tracked"});
  CHECK(read.read_step(0, true).gradients == std::vector<std::vector<float>>{{1, -2, 1, -2}});
}

TEST_CASE("names of DistributedDataParallel and torch.compile are the model's", "[dump]") {
  Dump dump;
  for (const auto& [of_weights, of_gradients] : std::vector<std::pair<std::string, std::string>>{
           {"fc.weight", "module.fc.weight"},
           {"module.fc.weight", "fc.weight"},
           {"module._orig_mod.fc.weight", "_orig_mod.module.fc.weight"},
           {"a.0.fc.weight", "_fsdp_wrapped_module.a.0._checkpoint_wrapped_module.fc.weight"},
           {"a.module.weight", "module.a.module.weight"}}) {
    const auto weights = dump.write("w.safetensors", {{of_weights, "F32", {2}, floats}});
    const auto step = dump.write("g0.safetensors", {{of_gradients, "F32", {2}, floats}});
    const GradientDump read(weights, {step});
    CHECK(read.layers().at(0).name == of_weights);
    CHECK(read.read_step(0, true).gradients == std::vector<std::vector<float>>{{1, -2}});
  }
}

TEST_CASE("counters among gradients are none", "[dump]") {
  Dump dump;
  const auto weights =
      dump.write("w.safetensors", {{"a", "F32", {2}, floats}, {"n", "I64", {}, counter}});
  const auto step =
      dump.write("g0.safetensors", {{"a", "F32", {2}, floats}, {"n", "I64", {}, counter}});
  CHECK(GradientDump(weights, {step}).read_step(0, true).gradients ==
        std::vector<std::vector<float>>{{1, -2}});
}

TEST_CASE("gradients that fit no weight are errors", "[dump]") {
  Dump dump;
  dump.write("w.safetensors", {{"a", "F32", {2}, floats}, {"b", "F32", {2}, floats}});
  const auto step = [&](const std::string& name, const std::vector<TensorBytes>& tensors) {
    return dump.write(name, tensors);
  };
  const auto first = step("g0.safetensors", {{"a", "F32", {2}, floats}});
  CHECK(dump.error({first}) == "no error");
  CHECK(dump.error({step("x.safetensors", {{"c", "F32", {2}, floats}})}) ==
        "x.safetensors: holds no gradient of \"a\", nor of any other tensor of w.safetensors; "
        "tensors with the weights' names are accepted");
  CHECK(dump.error({first, step("g1.safetensors",
                                {{"a", "F32", {2}, floats}, {"module.b", "F32", {2}, floats}})}) ==
        "g1.safetensors: /module.b: \"module.b\" has a gradient here, and none in g0.safetensors; "
        "gradients of the same tensors in every step are accepted");
  CHECK(dump.error({first, step("g1.safetensors",
                                {{"a", "F32", {2}, floats}, {"c", "F32", {2}, floats}})}) ==
        "g1.safetensors: /c: no weight is named \"c\"; a tensor for every one of the weights is "
        "accepted, and no others");
  CHECK(dump.error({step("g0.safetensors",
                         {{"a", "F32", {2}, floats}, {"module.a", "F32", {2}, floats}})}) ==
        "g0.safetensors: two tensors have the same name, with and without \"module.\"; one "
        "gradient of each weight is accepted");
  CHECK(
      dump.error({step("g0.safetensors", {{"a", "I64", {1}, counter}})}) ==
      "g0.safetensors: /a/dtype: the gradient of \"a\" is not of floats; F16, BF16, F32 or F64 is "
      "accepted");
}
