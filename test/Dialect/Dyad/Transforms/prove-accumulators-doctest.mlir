// The example of dyad-prove-accumulators: sums of 255 * 127 and -5 need 17 bits.

// RUN: quant-opt %s --dyad-prove-accumulators | FileCheck %s
// RUN: quant-opt %s --dyad-prove-accumulators --remarks-filter=dyad-prove-accumulators --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: func.func @main(
func.func @main(%x: tensor<1x2xui8>) -> tensor<1x1xsi32> {
  %w = dyad.constant dense<[[127, 127]]> : tensor<1x2xsi8>
  %b = dyad.constant dense<-5> : tensor<1xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // CHECK: dyad.linear
  // CHECK-SAME: dyad.accumulator_width = 17 : i32
  // REMARK: AccumulatorProved
  // REMARK-SAME: channels=1, max=64765, min=-5, node=fc1, width=17
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x2xui8>, tensor<1x2xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("fc1")
  return %0 : tensor<1x1xsi32>
}
