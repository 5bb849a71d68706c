# cmake -DINPUT=file -DOUTPUT=file.cpp -DNAME=function -P EmbedFile.cmake
# Writes a C++ file that defines llvm::StringRef quantc::cpu::NAME(): the bytes of INPUT. A generated array, because
# a compiler cache does not see the file behind .incbin or #embed.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes
       "${bytes}")
file(WRITE "${OUTPUT}.new" "#include \"Blobs.h\"

static const unsigned char bytes[] = {
${bytes}0};

llvm::StringRef quantc::cpu::${NAME}() {
  return llvm::StringRef(reinterpret_cast<const char *>(bytes), sizeof bytes - 1);
}
")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
file(TOUCH "${OUTPUT}")
file(REMOVE "${OUTPUT}.new")
