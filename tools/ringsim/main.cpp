#include "tools/ringsim/application.hpp"

int main(int argc, char** argv) { return ringsim::run_application(argc, argv); }
