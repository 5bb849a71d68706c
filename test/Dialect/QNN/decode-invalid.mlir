// One violation of each constraint of number formats and of qnn.decode.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

// Every fault of a text.
// expected-error @+1 {{expected one granularity, but found 'g0' beside another; expected integers of 1 to 8 bits, but found 9; expected groups of at least 1 element, but found 0 [QNN-FMT-2]}}
func.func private @faults() attributes {f = #qnn.format<"int9:g4:g0">}

// -----

// No format at all.
// expected-error @+1 {{expected an element such as int4, uint4, fixed<8,6>, fp<e2m1>, bfp<4>, nf4, codebook<-1,0,1>, mxfp4 or nvfp4, but found 'nf5' [QNN-FMT-2]}}
func.func private @unknown() attributes {f = #qnn.format<"nf5:g64">}

// -----

func.func @rank(%c: tensor<8xui8>, %s: tensor<f32>) -> tensor<8xf32> {
  // expected-error @+1 {{expected a static result of rank 2 or more and fewer than 2^59 elements, but found 'tensor<8xf32>' [QNN-DEC-1]}}
  %0 = qnn.decode %c, %s as <"int8:tensor"> : (tensor<8xui8>, tensor<f32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

func.func @dynamic(%c: tensor<?x8xui8>, %s: tensor<f32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expected a static result of rank 2 or more and fewer than 2^59 elements, but found 'tensor<?x8xf32>' [QNN-DEC-1]}}
  %0 = qnn.decode %c, %s as <"int8:tensor"> : (tensor<?x8xui8>, tensor<f32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// More elements than can be counted.
func.func @overflow(%c: tensor<2x8xui8>, %s: tensor<f32>) -> tensor<2x4294967296x4294967296xf32> {
  // expected-error @+1 {{expected a static result of rank 2 or more and fewer than 2^59 elements, but found 'tensor<2x4294967296x4294967296xf32>' [QNN-DEC-1]}}
  %0 = qnn.decode %c, %s as <"int8:tensor"> : (tensor<2x8xui8>, tensor<f32>) -> tensor<2x4294967296x4294967296xf32>
  return %0 : tensor<2x4294967296x4294967296xf32>
}

// -----

// Six bits: 5 codes of a row take 4 bytes.
func.func @codes(%c: tensor<2x3xui8>, %s: tensor<2xf32>) -> tensor<2x5xf32> {
  // expected-error @+1 {{expected codes of type 'tensor<2x4xui8>', but found 'tensor<2x3xui8>' [QNN-DEC-2]}}
  %0 = qnn.decode %c, %s as <"fp<e3m2>"> : (tensor<2x3xui8>, tensor<2xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// -----

func.func @scale_type(%c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected scales of type 'tensor<2x1xui8>', but found 'tensor<2x1xf32>' [QNN-DEC-3]}}
  %0 = qnn.decode %c, %s as <"mxfp4"> : (tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// A tail is a group.
func.func @scale_shape(%c: tensor<2x5xui8>, %s: tensor<2x2xf32>) -> tensor<2x10xf32> {
  // expected-error @+1 {{expected scales of type 'tensor<2x3xf32>', but found 'tensor<2x2xf32>' [QNN-DEC-3]}}
  %0 = qnn.decode %c, %s as <"int4:g4"> : (tensor<2x5xui8>, tensor<2x2xf32>) -> tensor<2x10xf32>
  return %0 : tensor<2x10xf32>
}

// -----

func.func @zeros_missing(%c: tensor<2x4xui8>, %s: tensor<2xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected zero points of type 'tensor<2xsi8>', but found none [QNN-DEC-4]}}
  %0 = qnn.decode %c, %s as <"int4:asym"> : (tensor<2x4xui8>, tensor<2xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @zeros_beside_none(%c: tensor<2x4xui8>, %s: tensor<2xf32>, %z: tensor<2xui8>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected no zero points for #qnn.format<"int4:channel:sym:f32">, but found 'tensor<2xui8>' [QNN-DEC-4]}}
  %0 = qnn.decode %c, %s zeros(%z) as <"int4"> : (tensor<2x4xui8>, tensor<2xf32>, tensor<2xui8>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @second_level(%c: tensor<2x4xui8>, %s: tensor<2x1xui8>, %t: tensor<2xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected second-level scales of type 'tensor<1xf32>', but found 'tensor<2xf32>' [QNN-DEC-5]}}
  %0 = qnn.decode %c, %s second(%t) as <"nvfp4"> : (tensor<2x4xui8>, tensor<2x1xui8>, tensor<2xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @tables(%c: tensor<2x4xui8>, %s: tensor<2xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected table selectors of type 'tensor<2xui8>', but found none [QNN-DEC-6]}}
  %0 = qnn.decode %c, %s as <"bitmod4"> : (tensor<2x4xui8>, tensor<2xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}
