# nginx's headers, configured as the distribution configured its nginx: target nginx_headers. A dynamic module carries a
# signature of these settings, and nginx loads it only where they agree.

set(THUMBGATE_NGINX_SOURCE /usr/share/nginx/src CACHE PATH "The sources of Debian's package nginx-dev")

if(NOT EXISTS ${THUMBGATE_NGINX_SOURCE}/conf_flags)
    message(FATAL_ERROR
        "nginx's headers are missing from ${THUMBGATE_NGINX_SOURCE}: script/bootstrap installs nginx-dev")
endif()

# An upgrade of nginx-dev configures again, so that the module keeps fitting the nginx beside it.
set(nginx_inputs ${THUMBGATE_NGINX_SOURCE}/conf_flags ${THUMBGATE_NGINX_SOURCE}/src/core/nginx.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${nginx_inputs})

set(nginx_identity "")
foreach(input IN LISTS nginx_inputs)
    file(SHA256 ${input} digest)
    string(APPEND nginx_identity "${digest}\n")
endforeach()

set(nginx_tree ${PROJECT_BINARY_DIR}/nginx)
set(nginx_stamp ${nginx_tree}/configured)
set(nginx_configured "")
if(EXISTS ${nginx_stamp})
    file(READ ${nginx_stamp} nginx_configured)
endif()

if(NOT nginx_configured STREQUAL nginx_identity)
    message(STATUS "Configuring nginx's headers")
    file(REMOVE_RECURSE ${nginx_tree})
    file(COPY ${THUMBGATE_NGINX_SOURCE}/ DESTINATION ${nginx_tree})
    execute_process(
        COMMAND bash -c ". ./conf_flags && ./configure \"\${NGX_CONF_FLAGS[@]}\""
        WORKING_DIRECTORY ${nginx_tree}
        OUTPUT_VARIABLE nginx_output
        ERROR_VARIABLE nginx_output
        RESULT_VARIABLE nginx_result)
    if(NOT nginx_result EQUAL 0)
        message(FATAL_ERROR "nginx's configure failed:\n${nginx_output}")
    endif()
    file(WRITE ${nginx_stamp} "${nginx_identity}")
endif()

add_library(nginx_headers INTERFACE)
target_include_directories(nginx_headers SYSTEM INTERFACE
    ${nginx_tree}/src/core
    ${nginx_tree}/src/event
    ${nginx_tree}/src/event/modules
    ${nginx_tree}/src/os/unix
    ${nginx_tree}/src/http
    ${nginx_tree}/src/http/modules
    ${nginx_tree}/src/http/v2
    ${nginx_tree}/objs)
