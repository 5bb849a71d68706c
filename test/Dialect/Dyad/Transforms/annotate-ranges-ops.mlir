// What each op says about its result when its operands have the ranges of their types, or less.

// RUN: quant-opt %s --dyad-annotate-ranges=channels=true | FileCheck %s

// A padded tap adds nothing, so 0 is in the range although x - 255 never exceeds 0.
// CHECK-LABEL: func.func @padding(
func.func @padding(%x: tensor<1x1x4xui8>) -> (tensor<1x1x4xsi32>, tensor<1x1x2xsi32>) {
  %w = dyad.constant dense<[[[-1, -1, -1]]]> : tensor<1x1x3xsi8>
  %w1 = dyad.constant dense<[[[3, 2, 1]]]> : tensor<1x1x3xsi8>
  %b = dyad.constant dense<1000> : tensor<1xsi32>
  %z = dyad.constant dense<255> : tensor<ui8>
  // CHECK: dyad.conv
  // CHECK-SAME: dyad.range = array<i64: 1000, 1765>
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>}
    : (tensor<1x1x4xui8>, tensor<1x1x3xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1x4xsi32>
  // CHECK: dyad.conv
  // CHECK-SAME: dyad.range = array<i64: -530, 1000>
  %1 = dyad.conv %x, %w1, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x4xui8>, tensor<1x1x3xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1x2xsi32>
  return %0, %1 : tensor<1x1x4xsi32>, tensor<1x1x2xsi32>
}

// Ranges of channels meet the weights of the next layer channel by channel, group by group.
// CHECK-LABEL: func.func @channels(
func.func @channels(%x: tensor<1x2x2xui8>) -> tensor<1x2x2xsi32> {
  %zi = dyad.constant dense<0> : tensor<ui8>
  %m = dyad.constant dense<8388609> : tensor<2x1xsi32>
  %s = dyad.constant dense<[[23], [27]]> : tensor<2x1xsi32>
  // CHECK: dyad.requantize
  // CHECK-SAME: dyad.channel_ranges = array<i64: 0, 200, 0, 16>
  %0 = dyad.requantize %x, %zi, %m, %s, %zi {clamp_lo = 0 : i32, clamp_hi = 200 : i32}
    : (tensor<1x2x2xui8>, tensor<ui8>, tensor<2x1xsi32>, tensor<2x1xsi32>, tensor<ui8>) -> tensor<1x2x2xui8>
  %w = dyad.constant dense<[[[10]], [[10]]]> : tensor<2x1x1xsi8>
  %b = dyad.constant dense<[0, 5]> : tensor<2xsi32>
  // CHECK: dyad.conv
  // CHECK-SAME: dyad.channel_ranges = array<i64: 0, 2000, 5, 165>
  %1 = dyad.conv %0, %w, %b, %zi {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 2 : i64}
    : (tensor<1x2x2xui8>, tensor<2x1x1xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2x2xsi32>
  return %1 : tensor<1x2x2xsi32>
}

// CHECK-LABEL: func.func @elementwise(
func.func @elementwise(%x: tensor<2xsi8>, %y: tensor<2xsi8>) -> (tensor<2xsi8>, tensor<2xsi32>, tensor<2xsi32>) {
  %z = dyad.constant dense<0> : tensor<si8>
  %zy = dyad.constant dense<-128> : tensor<si8>
  %ma = dyad.constant dense<1048576> : tensor<si32>
  %mb = dyad.constant dense<-524288> : tensor<si32>
  %s = dyad.constant dense<22> : tensor<si32>
  // a / 4 - b / 8 with a in [-128, 127], b in [0, 255]: -32 - 31.875 to 31.75, rounded.
  // CHECK: dyad.add
  // CHECK-SAME: dyad.range = array<i64: -64, 32>
  %0 = dyad.add %x, %y, %z, %zy, %ma, %mb, %s, %z {clamp_lo = -100 : i32, clamp_hi = 100 : i32}
    : (tensor<2xsi8>, tensor<2xsi8>, tensor<si8>, tensor<si8>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<si8>) -> tensor<2xsi8>
  // CHECK: dyad.mul
  // CHECK-SAME: dyad.range = array<i64: -32640, 32385>
  %1 = dyad.mul %x, %y, %z, %zy : (tensor<2xsi8>, tensor<2xsi8>, tensor<si8>, tensor<si8>) -> tensor<2xsi32>
  // CHECK: dyad.mul
  // CHECK-SAME: dyad.range = array<i64: -8128, 8192>
  %2 = dyad.mul %0, %x, %z, %z : (tensor<2xsi8>, tensor<2xsi8>, tensor<si8>, tensor<si8>) -> tensor<2xsi32>
  return %0, %1, %2 : tensor<2xsi8>, tensor<2xsi32>, tensor<2xsi32>
}

// A window at the border may hold fewer elements, so its sum may be smaller.
// CHECK-LABEL: func.func @pools(
func.func @pools(%x: tensor<1x1x4xui8>) -> (tensor<1x1x2xsi32>, tensor<1x1x2xsi32>, tensor<1x1x2xui8>, tensor<1x1x1xsi32>) {
  %z = dyad.constant dense<5> : tensor<ui8>
  // CHECK: dyad.sum_pool
  // CHECK-SAME: dyad.partial_sums = array<i64: -10, 500>, dyad.range = array<i64: -10, 500>
  %0 = dyad.sum_pool %x, %z {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x4xui8>, tensor<ui8>) -> tensor<1x1x2xsi32>
  // CHECK: dyad.sum_pool
  // CHECK-SAME: dyad.range = array<i64: -20, 1000>
  %1 = dyad.sum_pool %x, %z {kernel = array<i64: 4>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 0>}
    : (tensor<1x1x4xui8>, tensor<ui8>) -> tensor<1x1x2xsi32>
  // CHECK: dyad.max_pool
  // CHECK-SAME: dyad.range = array<i64: 0, 255>
  %2 = dyad.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x4xui8>) -> tensor<1x1x2xui8>
  // CHECK: dyad.reduce_sum
  // CHECK-SAME: dyad.range = array<i64: -20, 1000>
  %3 = dyad.reduce_sum %x, %z {axes = array<i64: 2>, keepdims = true} : (tensor<1x1x4xui8>, tensor<ui8>) -> tensor<1x1x1xsi32>
  return %0, %1, %2, %3 : tensor<1x1x2xsi32>, tensor<1x1x2xsi32>, tensor<1x1x2xui8>, tensor<1x1x1xsi32>
}

// Channels survive moves: concatenation joins them, transposes carry their axis along.
// CHECK-LABEL: func.func @moves(
func.func @moves(%x: tensor<1x2x2xui8>) -> (tensor<4x1x2xui8>, tensor<1x4x1x2xui8>, tensor<1x8xui8>, tensor<1x5x2xui8>) {
  %z = dyad.constant dense<0> : tensor<ui8>
  %v = dyad.constant dense<77> : tensor<ui8>
  %m = dyad.constant dense<8388609> : tensor<2x1xsi32>
  %s = dyad.constant dense<[[24], [25]]> : tensor<2x1xsi32>
  %0 = dyad.requantize %x, %z, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x2x2xui8>, tensor<ui8>, tensor<2x1xsi32>, tensor<2x1xsi32>, tensor<ui8>) -> tensor<1x2x2xui8>
  // CHECK: dyad.concat
  // CHECK-SAME: dyad.channel_axis = 1 : i64, dyad.channel_ranges = array<i64: 0, 128, 0, 64, 0, 255, 0, 255>
  %1 = dyad.concat %0, %x {axis = 1 : i64} : (tensor<1x2x2xui8>, tensor<1x2x2xui8>) -> tensor<1x4x2xui8>
  // CHECK: dyad.transpose
  // CHECK-SAME: dyad.channel_axis = 0 : i64, dyad.channel_ranges = array<i64: 0, 128, 0, 64, 0, 255, 0, 255>
  %2 = dyad.transpose %1 {permutation = array<i64: 1, 0, 2>} : (tensor<1x4x2xui8>) -> tensor<4x1x2xui8>
  // CHECK: dyad.reshape
  // CHECK-SAME: dyad.channel_axis = 1 : i64
  %3 = dyad.reshape %1 : (tensor<1x4x2xui8>) -> tensor<1x4x1x2xui8>
  // CHECK: dyad.reshape
  // CHECK-NOT: dyad.channel_axis
  // CHECK-SAME: dyad.range = array<i64: 0, 255>
  %4 = dyad.reshape %1 : (tensor<1x4x2xui8>) -> tensor<1x8xui8>
  // CHECK: dyad.pad
  // CHECK-SAME: dyad.channel_ranges = array<i64: 77, 77, 0, 128, 0, 64, 0, 255, 0, 255>
  %5 = dyad.pad %1, %v {pads = array<i64: 0, 1, 0, 0, 0, 0>} : (tensor<1x4x2xui8>, tensor<ui8>) -> tensor<1x5x2xui8>
  return %2, %3, %4, %5 : tensor<4x1x2xui8>, tensor<1x4x1x2xui8>, tensor<1x8xui8>, tensor<1x5x2xui8>
}
