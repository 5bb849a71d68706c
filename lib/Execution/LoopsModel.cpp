//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compilation of loops and the memory that a run uses.
//
// Generated code allocates through two functions that remember each block in the run at hand (a
// thread-local), so that whatever ends the run, the end of the function or a failed check, frees
// them all.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/LoopsModel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Kernels/Kernels.h"
#include "quantc/Numerics/Random.h"
#include "quantc/Target/CPU/Codegen.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Target/TargetMachine.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <csetjmp>
#include <cstdlib>
#include <mutex>

using namespace mlir;
using namespace quantc;

//===----------------------------------------------------------------------===//
// The run at hand
//===----------------------------------------------------------------------===//

namespace {
constexpr size_t alignment = 64;
/// Number of the message for "out of memory": below those of the module.
constexpr int32_t outOfMemory = -1;

/// Memory of runs. Blocks are kept from run to run: fresh pages cost more than most nodes do.
class Arena {
public:
  Arena() = default;
  Arena(const Arena &) = delete;
  ~Arena() {
    for (Block *block : blocks)
      std::free(block);
  }

  /// At least `bytes`, and readable for a vector more; null when there is no memory.
  void *allocate(uint64_t bytes) {
    size_t kind = kindOf(bytes);
    if (kind >= kinds)
      return nullptr;
    if (spare[kind].empty())
      return create(kind);
    Block *block = spare[kind].back();
    spare[kind].pop_back();
    block->used = true;
    return block + 1;
  }
  void release(void *memory) {
    Block *block = static_cast<Block *>(memory) - 1;
    block->used = false;
    spare[block->kind].push_back(block);
  }
  void releaseAll() {
    for (Block *block : blocks)
      if (block->used)
        release(block + 1);
  }

private:
  struct alignas(alignment) Block {
    size_t kind;
    bool used;
  };
  /// Four sizes a doubling, from 64 bytes to 2^46.
  static constexpr size_t kinds = 160;
  static uint64_t sizeOf(size_t kind) { return (uint64_t(4 + kind % 4) << (kind / 4)) * 16; }
  static size_t kindOf(uint64_t bytes) {
    size_t kind = 0;
    for (kind = bytes > 64 ? (llvm::Log2_64(bytes / 64)) * 4 : 0;
         kind < kinds && sizeOf(kind) < bytes; ++kind) {
    }
    return kind;
  }
  void *create(size_t kind) {
    // A vector may be read whose last lanes lie behind the end.
    uint64_t bytes = llvm::alignTo(sizeof(Block) + sizeOf(kind) + alignment, alignment);
    void *memory = std::aligned_alloc(alignment, bytes);
    if (!memory)
      return nullptr;
    auto *block = new (memory) Block{kind, true};
    blocks.push_back(block);
    return block + 1;
  }

  std::vector<Block *> blocks;
  std::array<std::vector<Block *>, kinds> spare;
};

/// What generated code reaches through the functions below. It must not need destruction on the
/// way of a longjmp: `run` owns it.
struct Run {
  std::jmp_buf failed;
  Arena *arena = nullptr;
  int32_t message = 0;
};
thread_local Run *current = nullptr;

[[noreturn]] void fail(int32_t message) {
  current->message = message;
  std::longjmp(current->failed, 1);
}

void *allocate(uint64_t bytes) {
  void *block = current->arena->allocate(bytes);
  if (!block)
    fail(outOfMemory);
  return block;
}

void *allocateAligned(uint64_t, uint64_t bytes) { return allocate(bytes); }
void release(void *block) { current->arena->release(block); }

/// Adds the time since the last mark to a step; step is null at the start of a run.
void mark(LoopsStep *step) {
  thread_local std::chrono::steady_clock::time_point last;
  auto now = std::chrono::steady_clock::now();
  if (step)
    step->nanoseconds += uint64_t(std::chrono::nanoseconds(now - last).count());
  last = std::chrono::steady_clock::now();
}

void randomUniform(double *to, int64_t count, int64_t seed) {
  numerics::RandomState state(seed);
  std::generate_n(to, count, [&] { return state.uniform(); });
}

void randomNormal(double *to, int64_t count, int64_t seed) {
  numerics::RandomState state(seed);
  std::generate_n(to, count, [&] { return state.normal(); });
}
} // namespace

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

namespace {
class JITLoops : public LoopsModel {
public:
  llvm::Error load(llvm::SmallVector<char, 0> object, kernels::Level level);
  llvm::Error readSignature(ModuleOp module);

private:
  llvm::Error readArgument(func::FuncOp function, unsigned index);
  std::unique_ptr<llvm::orc::LLJIT> jit;
};
} // namespace

static LoopsTensor readTensor(Type type, DictionaryAttr attributes) {
  auto shape = cast<MemRefType>(type).getShape();
  auto code = cast<IntegerAttr>(attributes.get(loopsTypeAttr));
  auto name = cast<StringAttr>(attributes.get(loopsNameAttr));
  return {name.getValue().str(), *dtypeFromOnnxCode(code.getInt()), {shape.begin(), shape.end()}};
}

llvm::Error JITLoops::readArgument(func::FuncOp function, unsigned index) {
  DictionaryAttr attributes = function.getArgAttrDict(index);
  LoopsTensor tensor = readTensor(function.getArgumentTypes()[index], attributes);
  auto value = attributes.getAs<ElementsAttr>(loopsConstantAttr);
  if (!value) {
    inputList.push_back(std::move(tensor));
    return llvm::Error::success();
  }
  Constant constant{tensor.shape, nullptr, {}};
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      if (reinterpret_cast<uintptr_t>(blob->getData().data()) % 8 == 0)
        constant.data = blob->getData().data();
  if (!constant.data) {
    auto bytes = readBytes(value);
    if (!bytes)
      return llvm::createStringError("'" + tensor.name +
                                     "': its elements are missing from the module");
    constant.copy = std::move(*bytes);
  }
  constants.push_back(std::move(constant));
  return llvm::Error::success();
}

llvm::Error JITLoops::readSignature(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return llvm::createStringError("expected a function 'main'");
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (llvm::Error error = readArgument(function, i))
      return error;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    outputList.push_back(readTensor(function.getResultTypes()[i], function.getResultAttrDict(i)));
  if (auto texts = module->getAttrOfType<ArrayAttr>(loopsMessagesAttr))
    for (auto text : texts.getAsRange<StringAttr>())
      messages.push_back(text.getValue().str());
  function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                    UnitAttr::get(module.getContext()));
  return llvm::Error::success();
}

static LogicalResult lowerToLLVM(ModuleOp module) {
  PassManager passes(module.getContext());
  buildLoopsToLLVM(passes, /*barePointers=*/false);
  return passes.run(module);
}

/// void qrt_loops_entry(void **addresses): calls the C wrapper of main with each of them.
static void addEntry(llvm::Module &module, unsigned count, bool hasResults) {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer}, false);
  auto *entry =
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "qrt_loops_entry", module);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", entry));
  llvm::SmallVector<llvm::Value *> arguments;
  for (unsigned i = hasResults ? 0 : 1; i <= count; ++i)
    arguments.push_back(
        builder.CreateLoad(pointer, builder.CreateConstGEP1_64(pointer, entry->getArg(0), i)));
  builder.CreateCall(module.getFunction("_mlir_ciface_main"), arguments);
  builder.CreateRetVoid();
}

/// Marks the start of main, and every return from a function that was outlined of it.
static std::vector<LoopsStep> instrument(llvm::Module &module) {
  llvm::Function *main = module.getFunction("main");
  llvm::SmallVector<llvm::CallInst *> calls;
  for (llvm::BasicBlock &block : *main)
    for (llvm::Instruction &instruction : block)
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction))
        if (llvm::Function *callee = call->getCalledFunction(); callee && !callee->isDeclaration())
          calls.push_back(call);
  std::vector<LoopsStep> steps(calls.size());
  llvm::IRBuilder<> builder(&*main->getEntryBlock().getFirstInsertionPt());
  auto function =
      module.getOrInsertFunction("qrt_loops_mark", builder.getVoidTy(), builder.getPtrTy());
  auto addMark = [&](LoopsStep *step) {
    llvm::Value *address = builder.getInt64(reinterpret_cast<uintptr_t>(step));
    builder.CreateCall(function, builder.CreateIntToPtr(address, builder.getPtrTy()));
  };
  addMark(nullptr);
  for (auto [step, call] : llvm::zip_equal(steps, calls)) {
    step.name = call->getCalledFunction()->getName().str();
    builder.SetInsertPoint(call->getNextNode());
    addMark(&step);
  }
  return steps; // moved: addresses of elements stay
}

static llvm::Error complete(llvm::Module &module, const cpu::CodegenOptions &options) {
  for (auto step : {cpu::setTarget, cpu::linkKernels, cpu::inlineKernels, cpu::optimize})
    if (llvm::Error error = step(module, options))
      return error;
  return llvm::Error::success();
}

llvm::Error JITLoops::load(llvm::SmallVector<char, 0> object, kernels::Level level) {
  auto created = llvm::orc::LLJITBuilder().create();
  if (!created)
    return created.takeError();
  jit = std::move(*created);
  auto generator = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      jit->getDataLayout().getGlobalPrefix());
  if (!generator)
    return generator.takeError();
  llvm::orc::JITDylib &library = jit->getMainJITDylib();
  library.addGenerator(std::move(*generator));
  llvm::orc::SymbolMap own;
  auto add = [&](const char *name, auto *function) {
    own[jit->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                       llvm::JITSymbolFlags::Exported};
  };
  add("_mlir_memref_to_llvm_alloc", allocate);
  add("_mlir_memref_to_llvm_aligned_alloc", allocateAligned);
  add("_mlir_memref_to_llvm_free", release);
  add("qrt_loops_fail", fail);
  add("qrt_loops_gemm_f32", kernels::kernelTable(level).gemm_f32);
  add("qrt_loops_mark", mark);
  add("qrt_loops_random_uniform", randomUniform);
  add("qrt_loops_random_normal", randomNormal);
  add("qrt_loops_conv_nchw_f32", kernels::kernelTable(level).conv_nchw_f32);
  if (llvm::Error error = library.define(llvm::orc::absoluteSymbols(std::move(own))))
    return error;
  auto buffer =
      llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()), "loops");
  if (llvm::Error error = jit->addObjectFile(std::move(buffer)))
    return error;
  auto address = jit->lookup("qrt_loops_entry");
  if (!address)
    return address.takeError();
  entry = address->toPtr<void (*)(void **)>();
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<LoopsModel>> LoopsModel::compile(ModuleOp module,
                                                                const LoopsOptions &options) {
  auto model = std::make_unique<JITLoops>();
  if (llvm::Error error = model->readSignature(module))
    return std::move(error);
  if (failed(lowerToLLVM(module)))
    return llvm::createStringError("cannot lower the loops to LLVM");
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  auto translated = translateModuleToLLVMIR(module, context, "loops");
  if (!translated)
    return llvm::createStringError("cannot translate the loops to LLVM");
  addEntry(*translated, model->inputList.size() + model->constants.size(),
           !model->outputList.empty());
  if (options.profile)
    model->steps = instrument(*translated);
  cpu::CodegenOptions codegen;
  codegen.level = options.level;
  codegen.optLevel = options.optLevel;
  if (llvm::Error error = complete(*translated, codegen))
    return std::move(error);
  auto object = cpu::emitObject(*translated, codegen);
  if (!object)
    return object.takeError();
  if (llvm::Error error = model->load(std::move(*object), options.level))
    return std::move(error);
  return model;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Words of MLIR's descriptor of a memref: allocated and aligned pointer, offset, sizes, strides.
static size_t descriptorWords(size_t rank) { return 3 + 2 * rank; }

static void describe(const void *data, llvm::ArrayRef<int64_t> shape, uint64_t *words) {
  words[0] = words[1] = reinterpret_cast<uintptr_t>(data);
  words[2] = 0;
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    words[3 + axis] = uint64_t(shape[axis]);
    words[3 + shape.size() + axis] = uint64_t(stride);
    stride *= shape[axis];
  }
}

static size_t bytesOf(DType type) { return std::max(1u, elementBytes(type)); }

static llvm::Error checkFeed(const LoopsTensor &wanted, const LoopsBuffer &feed) {
  auto fits = [](int64_t known, int64_t found) { return known < 0 || known == found; };
  bool same = wanted.dtype == feed.dtype && wanted.shape.size() == feed.shape.size();
  for (size_t axis = 0; same && axis < feed.shape.size(); ++axis)
    same = fits(wanted.shape[axis], feed.shape[axis]);
  if (!same)
    return llvm::createStringError("input '" + wanted.name + "': expected " +
                                   dtypeName(wanted.dtype) + " " + shapeToString(wanted.shape) +
                                   ", but found " + dtypeName(feed.dtype) + " " +
                                   shapeToString(feed.shape));
  auto count = numElements(feed.shape);
  if (!count || feed.bytes.size() != size_t(*count) * bytesOf(feed.dtype))
    return llvm::createStringError("input '" + wanted.name + "': expected " +
                                   llvm::Twine(count.value_or(0) * bytesOf(feed.dtype)) +
                                   " bytes, but found " + llvm::Twine(feed.bytes.size()));
  return llvm::Error::success();
}

/// Arenas that no run uses.
struct LoopsModel::Arenas {
  std::mutex mutex;
  std::vector<std::unique_ptr<Arena>> idle;
};

LoopsModel::LoopsModel() : arenas(std::make_unique<Arenas>()) {}
LoopsModel::~LoopsModel() = default;

namespace {
/// An arena for the time of a run.
template <typename Arenas> struct Lease {
  explicit Lease(Arenas &arenas) : from(arenas) {
    std::lock_guard<std::mutex> lock(from.mutex);
    if (from.idle.empty()) {
      arena = std::make_unique<Arena>();
    } else {
      arena = std::move(from.idle.back());
      from.idle.pop_back();
    }
  }
  ~Lease() {
    arena->releaseAll();
    std::lock_guard<std::mutex> lock(from.mutex);
    from.idle.push_back(std::move(arena));
  }

  Arenas &from;
  std::unique_ptr<Arena> arena;
};
} // namespace

/// Everything with a destructor lives outside: a failed check jumps out of here.
static bool call(Run &run, void (*entry)(void **), void **addresses) {
  Run *outer = current;
  current = &run;
  bool done = setjmp(run.failed) == 0;
  if (done)
    entry(addresses);
  current = outer;
  return done;
}

llvm::Expected<std::vector<LoopsBuffer>> LoopsModel::run(llvm::ArrayRef<LoopsBuffer> feeds) {
  if (feeds.size() != inputList.size())
    return llvm::createStringError("expected " + llvm::Twine(inputList.size()) +
                                   " inputs, but found " + llvm::Twine(feeds.size()));
  size_t resultWords = 0, words = 0;
  for (const LoopsTensor &output : outputList)
    resultWords += descriptorWords(output.shape.size());
  for (auto [input, feed] : llvm::zip_equal(inputList, feeds)) {
    if (llvm::Error error = checkFeed(input, feed))
      return std::move(error);
    words += descriptorWords(feed.shape.size());
  }
  for (const Constant &constant : constants)
    words += descriptorWords(constant.shape.size());
  std::vector<uint64_t> results(resultWords), descriptors(words);
  std::vector<void *> addresses = {results.data()};
  uint64_t *next = descriptors.data();
  auto add = [&](const void *data, llvm::ArrayRef<int64_t> shape) {
    describe(data, shape, next);
    addresses.push_back(next);
    next += descriptorWords(shape.size());
  };
  for (const LoopsBuffer &feed : feeds)
    add(feed.bytes.data(), feed.shape);
  for (const Constant &constant : constants)
    add(constant.data ? constant.data : constant.copy.data(), constant.shape);

  Lease lease(*arenas);
  Run state;
  state.arena = lease.arena.get();
  if (!call(state, entry, addresses.data()))
    return llvm::createStringError(state.message == outOfMemory ? std::string("out of memory")
                                                                : messages[size_t(state.message)]);
  std::vector<LoopsBuffer> outputs;
  const uint64_t *found = results.data();
  for (const LoopsTensor &output : outputList) {
    size_t rank = output.shape.size();
    std::vector<int64_t> shape(found + 3, found + 3 + rank);
    auto *data = reinterpret_cast<const uint8_t *>(found[1]) + found[2] * bytesOf(output.dtype);
    size_t bytes = size_t(*numElements(shape)) * bytesOf(output.dtype);
    outputs.push_back({output.dtype, std::move(shape), std::vector<uint8_t>(data, data + bytes)});
    found += descriptorWords(rank);
  }
  return outputs;
}
