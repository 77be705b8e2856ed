#include "tools/ringsim/table.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("Markdown shows what users named as text", "[table]") {
  CHECK(markdown_text("a|b<script>`x`*_~") == R"(a\|b\<script\>\`x\`\*\_\~)");
  CHECK(markdown_text("[x](y) & \\ $z$ #1 {}") == R"(\[x\](y) \& \\ \$z\$ \#<!-- -->1 \{\})");
  CHECK(markdown_text("@name a@b.org https://x.org www.y.org awww") ==
        "@<!-- -->name a@<!-- -->b.org https:<!-- -->//x.org www<!-- -->.y.org awww");
  CHECK(markdown_text("one\ntwo\tthree\r") == "one two three ");
  CHECK(markdown_text("95.71 %, 240us") == "95.71 %, 240us");
}

TEST_CASE("a table of Markdown has a heading and a line below it", "[table]") {
  CHECK(markdown_table({{"", "my|run"}, {"scheme", "iwp"}}) ==
        "|  | my\\|run |\n"
        "| --- | ---: |\n"
        "| scheme | iwp |\n");
}
