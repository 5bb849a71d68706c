// RUN: not quant-opt %s --qnn-encode-weights 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not quant-opt %s "--qnn-encode-weights=format=int9:g0" 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not quant-opt %s "--qnn-encode-weights=format=int4 search=best" 2>&1 | FileCheck %s --check-prefix=SEARCH
// RUN: not quant-opt %s "--qnn-encode-weights=format=int4 exclude=fcl" 2>&1 | FileCheck %s --check-prefix=EXCLUDE

// NONE: error: expected an element such as int4
// FORMAT: error: expected integers of 1 to 8 bits, but found 9; expected groups of at least 1 element, but found 0
// SEARCH: error: expected a search none, mse, clip, codes or output, but found 'best'
// EXCLUDE: error: {{.*}}fcl
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %a = nn.linear %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("fc1")
  return %a : tensor<1x1xf32>
}
