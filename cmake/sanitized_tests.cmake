# Read by ctest in the release tree. script/test sets the variable after it has brought the sanitized tree up to date;
# without it, ctest runs the tests of its own tree alone.
if(NOT "$ENV{THUMBGATE_SANITIZED_TREE}" STREQUAL "")
    subdirs("$ENV{THUMBGATE_SANITIZED_TREE}")
endif()
