// The text assembles for every chip from sm_80 on, and a block's registers leave room for two blocks
// of the large tile on a multiprocessor (65536 / (2 * 128) = 256) without spills.

// REQUIRES: ptxas
// RUN: quantc %S/contraction.mlir --quiet --target cuda:sm_80 --emit ptx -o %t.ptx
// RUN: for chip in sm_80 sm_86 sm_89 sm_90 sm_100 sm_120; do ptxas -v --warn-on-spills -Werror -arch=$chip %t.ptx -o %t.cubin 2>&1 || exit 1; done | FileCheck %s
// CHECK-COUNT-6: {{^}}ptxas info    : Compiling entry function 'contraction_0'
// RUN: for test in pointwise float unaligned; do quantc %S/$test.mlir --quiet --allow-float --target cuda:sm_90 --emit ptx -o %t.ptx && ptxas --warn-on-spills -Werror -arch=sm_90 %t.ptx -o %t.cubin || exit 1; done
