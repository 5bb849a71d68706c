//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel is inlined where it is called, with its sizes as constants. Layers of a transformer call
// the same kernels with the same sizes, and differ in addresses only: such calls go to one function
// that takes the addresses, so that the kernel is inlined and compiled once and not once a layer.
//
//===----------------------------------------------------------------------===//

#include "Marks.h"
#include "quantc/Target/CPU/Codegen.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include <map>

using namespace llvm;

namespace quantc::cpu {

/// What inlining folds: numbers, and the absence of an operand.
static bool isImmediate(const Value *argument) {
  return isa<ConstantInt, ConstantFP, ConstantPointerNull>(argument);
}

namespace {
/// Callee, then each argument: the immediate, or null where calls differ.
using CallShape = std::vector<const Value *>;
} // namespace

static CallShape shapeOf(const CallInst &call) {
  CallShape shape = {call.getCalledFunction()};
  for (const Use &argument : call.args())
    shape.push_back(isImmediate(argument) ? argument.get() : nullptr);
  return shape;
}

/// A function of the arguments that are no immediates, which calls the kernel with all of them.
static Function *makeShared(CallInst &example, const Twine &name) {
  Function *kernel = example.getCalledFunction();
  SmallVector<Type *> types;
  for (const Use &argument : example.args())
    if (!isImmediate(argument))
      types.push_back(argument->getType());
  auto *type = FunctionType::get(kernel->getReturnType(), types, /*isVarArg=*/false);
  auto *shared = Function::Create(type, GlobalValue::InternalLinkage, name, example.getModule());
  AttrBuilder attributes(shared->getContext(), example.getFunction()->getAttributes().getFnAttrs());
  shared->addFnAttrs(attributes);
  shared->addFnAttr(Attribute::NoInline);
  IRBuilder<> builder(BasicBlock::Create(shared->getContext(), "", shared));
  SmallVector<Value *> arguments;
  unsigned next = 0;
  for (const Use &argument : example.args())
    arguments.push_back(isImmediate(argument) ? argument.get()
                                              : static_cast<Value *>(shared->getArg(next++)));
  CallInst *call = builder.CreateCall(kernel, arguments);
  call->setCallingConv(kernel->getCallingConv());
  if (type->getReturnType()->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
  return shared;
}

static void redirect(CallInst &call, Function *shared) {
  SmallVector<Value *> arguments;
  for (const Use &argument : call.args())
    if (!isImmediate(argument))
      arguments.push_back(argument);
  IRBuilder<> builder(&call);
  CallInst *replacement = builder.CreateCall(shared, arguments);
  call.replaceAllUsesWith(replacement);
  call.eraseFromParent();
}

void shareKernels(Module &module) {
  MapVector<CallShape, SmallVector<CallInst *>, std::map<CallShape, unsigned>> groups;
  for (Function &function : module) {
    if (function.isDeclaration() || function.hasFnAttribute(kernelMark))
      continue;
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallInst>(&instruction))
        if (Function *callee = call->getCalledFunction();
            callee && !callee->isDeclaration() && callee->hasFnAttribute(kernelMark) &&
            !callee->hasFnAttribute(Attribute::NoInline))
          groups[shapeOf(*call)].push_back(call);
  }
  unsigned index = 0;
  for (auto &[shape, calls] : groups) {
    if (calls.size() < 2)
      continue;
    Function *shared = makeShared(*calls.front(), calls.front()->getCalledFunction()->getName() +
                                                      ".shared." + Twine(index++));
    for (CallInst *call : calls)
      redirect(*call, shared);
  }
}

} // namespace quantc::cpu
