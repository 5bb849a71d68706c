# Writes a header with a file as a string: cmake -DINPUT=file -DNAME=constant -DOUTPUT=file -P EmbedText.cmake
# In pieces, because the standard promises no longer literals.
file(READ "${INPUT}" content)
string(LENGTH "${content}" length)
set(text "// Generated from ${NAME}'s file.\nstatic const char ${NAME}[] =\n")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${content}" ${at} 8000 piece)
  string(APPEND text "    R\"embedded(${piece})embedded\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE "${OUTPUT}" "${text}    ;\n")
