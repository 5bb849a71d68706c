// Biases that bias correction found, kept in a file, and stored by the pass.
// RUN: %python -c "import json; json.dump({'a': [5], 'b:1': [-7]}, open('%t.json', 'w'))"
// RUN: quant-opt %s --qnn-store-biases=biases=%t.json --mlir-print-debuginfo -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t.mlir
// A second run changes nothing.
// RUN: quant-opt %t.mlir --qnn-store-biases=biases=%t.json --mlir-print-debuginfo -o %t.again.mlir
// RUN: diff %t.mlir %t.again.mlir

// REMARK: remark: {{.*}}'a' has its bias corrected by up to 2
// REMARK: remark: {{.*}}'b:1' has its bias corrected by up to 10
// REMARK-NOT: remark

// A constant that others read stays as it is; sums that leave the graph have no name here.
// CHECK-LABEL: func.func @main
// CHECK: %[[OLD:.*]] = dyad.constant dense<3>
// CHECK: %[[A:.*]] = dyad.constant dense<5>
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[A]],
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[OLD]],
// CHECK: %[[B:.*]] = dyad.constant dense<-7>
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[B]],
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[OLD]],
func.func @main(%x: tensor<1x2xui8>) -> tensor<1x1xsi32> {
  %w = dyad.constant dense<[[127, -3]]> : tensor<1x2xsi8>
  %v = dyad.constant dense<[[100]]> : tensor<1x1xsi8>
  %bias = dyad.constant dense<3> : tensor<1xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<31> : tensor<si32>
  %0 = dyad.linear %x, %w, %bias, %z : (tensor<1x2xui8>, tensor<1x2xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("a")
  %1 = dyad.requantize %0, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  %2 = dyad.linear %1, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("b")
  %3 = dyad.requantize %2, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  %4 = dyad.linear %3, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("b")
  %5 = dyad.requantize %4, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  %6 = dyad.linear %5, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("c")
  return %6 : tensor<1x1xsi32>
}
