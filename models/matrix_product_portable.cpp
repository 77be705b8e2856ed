#define Eigen EigenPortable  // see eigen_product.hpp
#include "models/eigen_product.hpp"
#include "models/matrix_product.hpp"

namespace ringsim {

const MatrixProducts portable_matrix_products = {
    "portable", EigenPortable::product_ab, EigenPortable::product_abt, EigenPortable::product_atb,
    EigenPortable::add_product_atb};

}  // namespace ringsim
