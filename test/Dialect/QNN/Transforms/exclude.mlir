// RUN: quant-opt %s --qnn-insert-observers="exclude=sum2" | FileCheck %s
// RUN: quant-opt %s --qnn-insert-observers="exclude=re:s.m2,nn.mul" | FileCheck %s --check-prefix=REGEX
// RUN: quant-opt %s --qnn-insert-observers="exclude=Add" | FileCheck %s --check-prefix=TYPE
// RUN: not quant-opt %s --qnn-insert-observers="exclude=sun2" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not quant-opt %s --qnn-insert-observers="exclude=re:[" 2>&1 | FileCheck %s --check-prefix=INVALID

// An excluded op reads the 8-bit form of what an integer op makes, and its result is quantized again
// for the next one.

// CHECK: %[[A:.*]] = nn.add %{{.*}}, %{{.*}} : (
// CHECK-NEXT: %[[O:.*]] = qnn.observe %[[A]] as "sum1"
// CHECK-NEXT: %[[B:.*]] = nn.add %[[O]], %arg1 {qnn.stay_float}
// CHECK-NEXT: %[[P:.*]] = qnn.observe %[[B]] as "sum2"
// CHECK-NEXT: nn.mul %[[P]], %[[O]]

// REGEX: nn.add %{{.*}}, %arg1 {qnn.stay_float}
// REGEX-NEXT: nn.mul %{{.*}} {qnn.stay_float}

// A pattern matches the type that the import recorded.
// TYPE: nn.add %arg0, %arg1 {qnn.stay_float}
// TYPE-NEXT: qnn.observe %{{.*}} as "sum1"
// TYPE-NEXT: nn.add %{{.*}}, %{{.*}} :

// UNKNOWN: error: exclude: expected the name or type of a node, but found 'sun2'; did you mean 'sum2'?
// INVALID: error: expected a regular expression behind 're:', but found '['
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %a = nn.add %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc(fused<"Add">["sum1"])
  %b = nn.add %a, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("sum2")
  %m = nn.mul %b, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("product")
  return %m : tensor<4xf32>
}
