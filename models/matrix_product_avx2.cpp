// Compiled with -mavx2 -mfma.
#define Eigen EigenAvx2  // see eigen_product.hpp
#include "models/eigen_product.hpp"
#include "models/matrix_product.hpp"

namespace ringsim {

const MatrixProducts avx2_matrix_products = {"avx2", EigenAvx2::product_ab, EigenAvx2::product_abt,
                                             EigenAvx2::product_atb, EigenAvx2::add_product_atb};

}  // namespace ringsim
