// The runtime against a stand-in for the driver: what it calls, in which order, with which addresses,
// and what it says when something is missing.

// RUN: rm -rf %t && mkdir -p %t/fake %t/nographs
// RUN: clang -shared -fPIC -o %t/fake/libcuda.so.1 %S/Inputs/fake_cuda.c
// RUN: clang -shared -fPIC -DWITHOUT_GRAPHS -o %t/nographs/libcuda.so.1 %S/Inputs/fake_cuda.c
// RUN: quantc %s --quiet --target cuda:sm_80 -o %t/m.so

// Two runs: captured once, launched twice. Block 0 holds the constants, block 1 the arena. Nothing is
// left when the context ends, and the caller's current context is never replaced.
// RUN: env LD_LIBRARY_PATH=%t/fake %python %S/Inputs/drive.py %root %t/m.so --runs 2 | FileCheck %s
// CHECK: runs on cuda:sm_80
// CHECK-NEXT: module of PTX 7.0
// CHECK-NEXT: attribute 8 of contraction_0: 65536
// CHECK-NEXT: capture begins
// CHECK-NEXT: launch copy_0 grid 512 1 1 block 256 1 1 shared 0 at 1+{{[0-9]+}} 1+{{[0-9]+}}
// CHECK-NEXT: launch contraction_0 grid 16 8 1 block 128 1 1 shared 65536 at 1+{{[0-9]+}} 1+{{[0-9]+}}
// CHECK-NEXT: capture ends
// CHECK-NEXT: graph launched
// CHECK-NEXT: graph launched
// CHECK-NEXT: released with 0 live blocks and 0 pushed contexts
// CHECK-NOT: {{.}}

// With a profile there is no graph, and each step has its time.
// RUN: env LD_LIBRARY_PATH=%t/fake %python %S/Inputs/drive.py %root %t/m.so --profile | FileCheck %s --check-prefix=PROFILE
// PROFILE-NOT: capture
// PROFILE: launch copy_0
// PROFILE: launch contraction_0
// PROFILE: profile [250000, 250000]

// What is missing has a status of its own and a sentence.
// RUN: env LD_LIBRARY_PATH=%t/nographs %python %S/Inputs/drive.py %root %t/m.so | FileCheck %s --check-prefix=SYMBOL
// SYMBOL: Unavailable: the NVIDIA driver in 'libcuda.so.1' lacks cuGraphLaunch
// RUN: env LD_LIBRARY_PATH=%t/fake FAKE_CUDA_DEVICES=0 %python %S/Inputs/drive.py %root %t/m.so | FileCheck %s --check-prefix=EMPTY
// EMPTY: Unavailable: the NVIDIA driver finds no GPU: the list is empty
// RUN: env LD_LIBRARY_PATH=%t/fake FAKE_CUDA_FAIL=cuInit %python %S/Inputs/drive.py %root %t/m.so | FileCheck %s --check-prefix=INIT
// INIT: Unavailable: the NVIDIA driver finds no GPU: made up
// RUN: env LD_LIBRARY_PATH=%t/fake FAKE_CUDA_DEVICES=2 FAKE_CUDA_CAPABILITY=75 %python %S/Inputs/drive.py %root %t/m.so | FileCheck %s --check-prefix=OLD
// OLD: Unavailable: the model needs a GPU of compute capability 8.0, but the newest is 'Fake 0' with 7.5

// What fails is no matter of availability. A failed launch ends the capture, and nothing leaks.
// RUN: env LD_LIBRARY_PATH=%t/fake FAKE_CUDA_FAIL=cuModuleLoadDataEx %python %S/Inputs/drive.py %root %t/m.so | FileCheck %s --check-prefix=PTX
// PTX: released with 0 live blocks and 0 pushed contexts
// PTX: RuntimeError: cuModuleLoadDataEx: ptxas fatal : made up
// RUN: env LD_LIBRARY_PATH=%t/fake FAKE_CUDA_FAIL=cuMemAlloc_v2 %python %S/Inputs/drive.py %root %t/m.so | FileCheck %s --check-prefix=MEMORY
// MEMORY: RuntimeError: no GPU memory for constants of {{[0-9]+}} bytes
// RUN: env LD_LIBRARY_PATH=%t/fake FAKE_CUDA_FAIL=cuLaunchKernel %python %S/Inputs/drive.py %root %t/m.so | FileCheck %s --check-prefix=LAUNCH
// LAUNCH: capture begins
// LAUNCH-NEXT: capture ends
// LAUNCH-NEXT: RuntimeError: step '{{.*}}', cuLaunchKernel: made up (999)
// LAUNCH-NEXT: released with 0 live blocks and 0 pushed contexts

// Verification runs the kernels, which the stand-in does not: it must find that.
// RUN: not env LD_LIBRARY_PATH=%t/fake quantc %s --quiet --target cuda:sm_80 --verify | FileCheck %s --check-prefix=VERIFY
// VERIFY: verification  interpreter and code for cuda:sm_80: {{[1-9][0-9]*}} of {{[0-9]+}} values differ
// Without a GPU it says so, and does not pass.
// RUN: env LD_LIBRARY_PATH=%t/fake FAKE_CUDA_DEVICES=0 quantc %s --quiet --target cuda:sm_80 --verify | FileCheck %s --check-prefix=SKIP
// SKIP: verification  skipped: no GPU: the NVIDIA driver finds none: the NVIDIA driver finds no GPU: the list is empty
func.func @main(%x: tensor<2048x1024xui8>) -> tensor<2048x1024xui8> {
  %w = dyad.constant dense<3> : tensor<1024x1024xsi8>
  %b = dyad.constant dense<-20> : tensor<1024xsi32>
  %zx = dyad.constant dense<7> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<12582913> : tensor<si32>
  %s = dyad.constant dense<35> : tensor<si32>
  %zo = dyad.constant dense<128> : tensor<ui8>
  %acc = dyad.linear %x, %w, %b, %zx : (tensor<2048x1024xui8>, tensor<1024x1024xsi8>, tensor<1024xsi32>, tensor<ui8>) -> tensor<2048x1024xsi32> loc("gemm")
  %y = dyad.requantize %acc, %zi, %m, %s, %zo {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<2048x1024xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2048x1024xui8> loc("gemm")
  return %y : tensor<2048x1024xui8>
}
