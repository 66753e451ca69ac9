// For tests: GLP_SANITIZED is defined where AddressSanitizer or ThreadSanitizer takes the place of
// malloc, so that the memory of the process says little of what is held.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GLP_SANITIZED 1
#elif defined(__has_feature)  // clang tells in another way
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GLP_SANITIZED 1
#endif
#endif
