# cmake -DROOT=folder -DFILES=a|b -DOUTPUT=file.cpp -P EmbedProject.cmake
# Writes a C++ file that defines quantc::hls::embeddedFiles(): path and bytes of each file, without the folder project/.
string(REPLACE "|" ";" files "${FILES}")
set(arrays "")
set(rows "")
set(n 0)
foreach(name IN LISTS files)
  file(READ "${ROOT}/${name}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "^project/" "" path "${name}")
  string(APPEND arrays "static const unsigned char file${n}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${path}\", {reinterpret_cast<const char *>(file${n}), sizeof file${n} - 1}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"Project.h\"

${arrays}
llvm::ArrayRef<quantc::hls::EmbeddedFile> quantc::hls::embeddedFiles() {
  static const EmbeddedFile files[] = {
${rows}  };
  return files;
}
")
