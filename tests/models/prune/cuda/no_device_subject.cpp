// In builds without CUDA.
#include "tests/models/prune/cuda/subject.hpp"

namespace ringsim::prune::test {

std::unique_ptr<Engine> make_engine_under_test(std::string_view /*kind*/) { return nullptr; }
std::string untestable() { return "this build is without CUDA"; }

}  // namespace ringsim::prune::test
