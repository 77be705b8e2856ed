#include "traces/csv.hpp"

#include "traces/records.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("rows are lines in the order of the header, absent figures empty", "[csv]") {
  CHECK(
      std::string(csv_header<StepRow>()) ==
      "step,start_s,compute_s,compress_s,exchange_s,exposed_exchange_s,total_s,values_bytes,masks_"
      "bytes,headers_bytes,"
      "total_bytes,delay_steps,delay_max_steps,left_out_ranks,loss,accuracy\n");
  CHECK(csv_line(StepRow{3, 0.1, 0.25, 0, 1e-9, 0.5, 1.5, 10, 20, 30, 60, 0.5, 1,
                         std::vector<std::uint64_t>{3, 7}, 2.5, std::nullopt}) ==
        "3,0.1,0.25,0,1e-09,0.5,1.5,10,20,30,60,0.5,1,3 7,2.5,\n");
  CHECK(std::string(csv_header<LayerRow>()) ==
        "step,layer,parameters,threshold,kept,density,importance_mean,importance_stddev,age_mean_"
        "steps,age_p95_steps,"
        "age_max_steps,error,cosine,mask_overlap\n");
  CHECK(csv_line(LayerRow{1, "fc1", 8, 0.5, 2, 0.25, {}, {}, 1.5, 2, 3, 0.125, 0.75, 0.5}) ==
        "1,fc1,8,0.5,2,0.25,,,1.5,2,3,0.125,0.75,0.5\n");
  CHECK(std::string(csv_header<LinkRow>()) == "link,bytes,busy_s,utilization\n");
  CHECK(csv_line(LinkRow{"a", 7, 0.5, 0.25}) == "a,7,0.5,0.25\n");
  CHECK(std::string(csv_header<StalenessRow>()) == "layer,age_steps,parameters\n");
  CHECK(csv_line(StalenessRow{"a", 7, 9}) == "a,7,9\n");
}

TEST_CASE("text is quoted where it has to be, numbers read back equal", "[csv]") {
  CHECK(csv_line(LinkRow{"a,\"b\"", 1, 0.1 + 0.2, 1.0 / 3}) ==
        "\"a,\"\"b\"\"\",1,0.30000000000000004,0.3333333333333333\n");
  CHECK(csv_line({"a", "b,c", ""}) == "a,\"b,c\",\n");
  CHECK(csv_line(std::vector<std::string>()) == "\n");
}
