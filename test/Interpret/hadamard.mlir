// Meaning of dyad.hadamard by example: sums, blocks, heads, the inverse, boundary values.

// RUN: quant-opt %s --dyad-simplify | FileCheck %s

// (1, 2, 3, 4) less 1, two blocks.
// CHECK-LABEL: func.func @blocks(
// CHECK-NEXT: dyad.constant dense<[6, -2, -4, 0, 256, 252, 254, 254]> : tensor<8xsi32>
func.func @blocks() -> tensor<8xsi32> {
  %x = dyad.constant dense<[1, 2, 3, 4, 255, 2, 1, 2]> : tensor<8xui8>
  %z = dyad.constant dense<1> : tensor<ui8>
  %0 = dyad.hadamard %x, %z {size = 4 : i64} : (tensor<8xui8>, tensor<ui8>) -> tensor<8xsi32>
  return %0 : tensor<8xsi32>
}

// Two heads of three elements: sums and differences of equal places.
// CHECK-LABEL: func.func @heads(
// CHECK-NEXT: dyad.constant dense<[11, 22, 33, -9, -18, -27]> : tensor<6xsi32>
func.func @heads() -> tensor<6xsi32> {
  %x = dyad.constant dense<[1, 2, 3, 10, 20, 30]> : tensor<6xsi8>
  %z = dyad.constant dense<0> : tensor<si8>
  %0 = dyad.hadamard %x, %z {size = 2 : i64, inner = 3 : i64} : (tensor<6xsi8>, tensor<si8>) -> tensor<6xsi32>
  return %0 : tensor<6xsi32>
}

// The second row and the second column of Paley's matrix over GF(11): squares are 1, 3, 4, 5, 9.
// CHECK-LABEL: func.func @dense(
// CHECK-NEXT: dyad.constant dense<[-1, 1, -1, 1, -1, -1, -1, 1, 1, 1, -1, 1]> : tensor<12xsi32>
// CHECK-NEXT: dyad.constant dense<[1, 1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1]> : tensor<12xsi32>
func.func @dense() -> (tensor<12xsi32>, tensor<12xsi32>) {
  %x = dyad.constant dense<[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]> : tensor<12xsi8>
  %z = dyad.constant dense<0> : tensor<si8>
  %0 = dyad.hadamard %x, %z {size = 12 : i64} : (tensor<12xsi8>, tensor<si8>) -> tensor<12xsi32>
  %1 = dyad.hadamard %x, %z {size = 12 : i64, inverse} : (tensor<12xsi8>, tensor<si8>) -> tensor<12xsi32>
  return %0, %1 : tensor<12xsi32>, tensor<12xsi32>
}

// The bound 4 * 65535 is reached.
// CHECK-LABEL: func.func @extremes(
// CHECK-NEXT: dyad.constant dense<[262140, 0, 0, 0]> : tensor<4xsi32>
func.func @extremes() -> tensor<4xsi32> {
  %x = dyad.constant dense<32767> : tensor<4xsi16>
  %z = dyad.constant dense<-32768> : tensor<si16>
  %0 = dyad.hadamard %x, %z {size = 4 : i64} : (tensor<4xsi16>, tensor<si16>) -> tensor<4xsi32>
  return %0 : tensor<4xsi32>
}
