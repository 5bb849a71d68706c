// RUN: not quant-opt %s --qnn-encode-weights 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not quant-opt %s "--qnn-encode-weights=format=int9:g0" 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not quant-opt %s "--qnn-encode-weights=format=int4 search=best" 2>&1 | FileCheck %s --check-prefix=SEARCH
// RUN: not quant-opt %s "--qnn-encode-weights=format=int4:g128:sym search=hqq" 2>&1 | FileCheck %s --check-prefix=SYMMETRIC
// RUN: not quant-opt %s "--qnn-encode-weights=format=uint4:g128:asym search=hqq" 2>&1 | FileCheck %s --check-prefix=INTEGER
// RUN: not quant-opt %s "--qnn-encode-weights=format=nf4:g64 search=hqq" 2>&1 | FileCheck %s --check-prefix=TABLE
// RUN: not quant-opt %s "--qnn-encode-weights=format=int4 exclude=fcl" 2>&1 | FileCheck %s --check-prefix=EXCLUDE

// NONE: error: expected an element such as int4
// FORMAT: error: expected integers of 1 to 8 bits, but found 9; expected groups of at least 1 element, but found 0
// SEARCH: error: expected a search none, mse, clip, codes, hqq or output, but found 'best'
// SYMMETRIC: error: expected integers with float zero points (asym-float) for the search hqq, but found 'int4:g128:sym:f32'
// INTEGER: error: expected integers with float zero points (asym-float) for the search hqq, but found 'uint4:g128:asym:f32'
// TABLE: error: expected integers with float zero points (asym-float) for the search hqq, but found 'nf4:g64:f32'
// EXCLUDE: error: {{.*}}fcl
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %a = nn.linear %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("fc1")
  return %a : tensor<1x1xf32>
}
