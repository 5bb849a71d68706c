# Installs headers, libraries, tools and the package files that find_package(quantc) reads.
