// RUN: quant-opt %s --nn-gradient="wrt=x loss=output recompute=blocks" --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s
// RUN: quant-opt %s --nn-gradient="wrt=x loss=output" --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=PLAIN

// Two residual branches: the stream is kept between them, the first branch is computed again. Its
// last op is not, for its derivative does not read its result.

// CHECK: %[[T1:.*]] = nn.tanh {{.*}} loc("tanh1")
// CHECK: %[[S1:.*]] = nn.mul %[[T1]], %[[T1]] {{.*}} loc("square1")
// CHECK: %[[A1:.*]] = nn.add %arg0, %[[S1]] {{.*}} loc("sum1")
// CHECK: %[[T2:.*]] = nn.tanh %[[A1]] {{.*}} loc("tanh2")
// CHECK-NOT: loc("{{.*}}2:again"
// CHECK: loc("square2:gradient"
// CHECK: loc("tanh2:gradient"
// CHECK: %[[T1AGAIN:.*]] = nn.tanh %arg0 {{.*}} loc("tanh1:again"
// CHECK-NOT: loc("sum1:again"
// CHECK: nn.mul %{{.*}}, %[[T1AGAIN]] {{.*}} loc("square1:gradient"

// PLAIN-NOT: :again
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> tensor<4x4xf32> {
  %t1 = nn.tanh %x : tensor<4x4xf32> loc("tanh1")
  %s1 = nn.mul %t1, %t1 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("square1")
  %a1 = nn.add %x, %s1 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("sum1")
  %t2 = nn.tanh %a1 : tensor<4x4xf32> loc("tanh2")
  %s2 = nn.mul %t2, %t2 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("square2")
  %a2 = nn.add %a1, %s2 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("sum2")
  return %a2 : tensor<4x4xf32>
}
