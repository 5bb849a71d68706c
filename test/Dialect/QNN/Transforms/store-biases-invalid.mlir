// Files that cannot be stored: none, no object, no arrays, no integers of 32 bits, other channels, no such node; and no biases at all to store them in.
// RUN: not quant-opt %s --qnn-store-biases 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not quant-opt %s --qnn-store-biases=biases=%t.none 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: echo '[]' > %t.json && not quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=OBJECT
// RUN: echo '{' > %t.json && not quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=JSON
// RUN: echo '{"a": 5}' > %t.json && not quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=ARRAY
// RUN: echo '{"a": [0.5]}' > %t.json && not quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=INTEGER
// RUN: echo '{"a": [2147483648]}' > %t.json && not quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=INTEGER
// RUN: echo '{"a": [1, 2]}' > %t.json && not quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: echo '{"a": [1], "c": [1]}' > %t.json && not quant-opt %s --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=NODE
// RUN: echo '{}' > %t.json && echo 'module {}' | not quant-opt --qnn-store-biases=biases=%t.json 2>&1 | FileCheck %s --check-prefix=FUNCTION

// OPTION: error: {{.*}}expected the option biases=FILE, but found none
// ABSENT: error: {{.*}}.none
// OBJECT: error: {{.*}}.json: expected an object of biases, but found another value
// JSON: error: {{.*}}.json: {{.*}}Expected
// ARRAY: error: {{.*}}.json: expected an array of biases for 'a', but found another value
// INTEGER: error: {{.*}}.json: expected integers of 32 bits for 'a', but found another value
// COUNT: error: {{.*}}node 'a': expected 1 biases, but found 2
// NODE: error: {{.*}}node 'c': expected sums that are requantized, but found none
// FUNCTION: error: {{.*}}expected one function of one block, but found others
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
  %2 = dyad.linear %1, %v, %bias, %z : (tensor<1x1xui8>, tensor<1x1xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32> loc("c")
  return %2 : tensor<1x1xsi32>
}
