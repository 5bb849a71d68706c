// Biases of nodes that share a name beside a node that is called as the second one's key would be: each has a key of its own.
// RUN: %python -c "import json; json.dump({'b:1': [5], 'b': [7], 'b:2': [9], 'b:3': [11]}, open('%t.json', 'w'))"
// RUN: quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s

// CHECK: remark: {{.*}}'b:1' has its bias corrected by up to 5
// CHECK: remark: {{.*}}'b' has its bias corrected by up to 7
// CHECK: remark: {{.*}}'b:2' has its bias corrected by up to 9
// CHECK: remark: {{.*}}'b:3' has its bias corrected by up to 11
// CHECK-LABEL: func.func @main
// CHECK: %[[FIRST:.*]] = dyad.constant dense<5>
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[FIRST]],
// CHECK: %[[SECOND:.*]] = dyad.constant dense<7>
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[SECOND]],
// CHECK: %[[THIRD:.*]] = dyad.constant dense<9>
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[THIRD]],
// CHECK: %[[FOURTH:.*]] = dyad.constant dense<11>
// CHECK: dyad.linear %{{.*}}, %{{.*}}, %[[FOURTH]],
func.func @main(%x: tensor<1x1xui8>) -> tensor<1x1xui8> {
  %v = dyad.constant dense<[[100]]> : tensor<1x1xsi8>
  %bias = dyad.constant dense<0> : tensor<1xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<31> : tensor<si32>
  %0 = dyad.linear %x, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("b:1")
  %1 = dyad.requantize %0, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  %2 = dyad.linear %1, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("b")
  %3 = dyad.requantize %2, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  %4 = dyad.linear %3, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("b")
  %5 = dyad.requantize %4, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  %6 = dyad.linear %5, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("b")
  %7 = dyad.requantize %6, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  return %7 : tensor<1x1xui8>
}
