// One channel of four stands out: rows [2, 0, 0, 0] have kurtosis 7/3 and max/rms 2; two layers read it and share a
// figure. Behind the rotation that runs all channels are of one size: kurtosis 1 and max/rms 1.
// RUN: %python -c "import numpy as n; n.savez('%t.npz', x=n.array([[[2, 0, 0, 0], [0, 0, -2, 0]]] * 3, 'f'))"
// RUN: quant-run %s --inputs %t.npz --outliers %t.json
// RUN: FileCheck %s --match-full-lines < %t.json
// RUN: quant-run %s --inputs %t.npz --outliers %t.two.json --threads 2
// RUN: cmp %t.json %t.two.json
// RUN: not quant-run %s --inputs %t.npz --outliers %t.json --time 2>&1 | FileCheck %s --check-prefix=TIME
// RUN: not quant-run %t.so --inputs %t.npz --outliers %t.json 2>&1 | FileCheck %s --check-prefix=LIBRARY

// CHECK-NOT: {{.*}}second.input{{.*}}
// CHECK:      "kurtosis": 2.333333{{[0-9]*}},
// CHECK-NEXT: "max_to_rms": 2,
// CHECK-NEXT: "name": "first.input"
// CHECK:      "kurtosis": 1,
// CHECK-NEXT: "max_to_rms": 1,
// CHECK-NEXT: "name": "third.input"

// TIME: --outliers: expected no --compare, --outputs, --interpret or --time with it
// LIBRARY: --outliers: expected a module (.mlir or .mlirbc)
func.func @main(%x: tensor<2x4xf32> {onnx.name = "x"}) -> (tensor<2x1xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %0 = nn.linear %x, %w : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x1xf32> loc("first")
  %1 = nn.linear %x, %w : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x1xf32> loc("second")
  %2 = qnn.hadamard %x {size = 4 : i64} : tensor<2x4xf32>
  %3 = nn.linear %2, %w : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x1xf32> loc("third")
  %4 = nn.add %0, %1 : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %5 = nn.add %3, %4 : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  return %5 : tensor<2x1xf32>
}
