/* SPDX-License-Identifier: Apache-2.0 */
/* A credential backend of one user, whose name and password hash stand in the configuration. */
#include <gatewarden/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hello {
  const gatewarden_host* host;
  const char* username; /* the host's */
  const char* hash;     /* the host's */
};

static const char* const settings[] = {"username", "password_hash", NULL};

static gatewarden_text text(const char* string) {
  const gatewarden_text made = {string, strlen(string)};
  return made;
}

static void* create(const gatewarden_host* host, gatewarden_text config, char* error, size_t error_size) {
  struct hello* hello = malloc(sizeof *hello);
  (void)config; /* the whole section as JSON, for those who want more than host->setting() */
  if (hello == NULL) return NULL;
  hello->host = host;
  hello->username = host->setting(host, "username");
  hello->hash = host->setting(host, "password_hash");
  if (hello->username != NULL && hello->hash != NULL) return hello;
  snprintf(error, error_size, "username and password_hash are needed");
  free(hello);
  return NULL;
}

static gatewarden_result find(void* instance, gatewarden_text username, const gatewarden_sink* sink) {
  const struct hello* hello = instance;
  const gatewarden_account account = {.id = username, .username = username, .roles = text("[\"greeter\"]")};
  if (username.size != strlen(hello->username)) return GATEWARDEN_UNKNOWN_USER;
  if (memcmp(username.data, hello->username, username.size) != 0) return GATEWARDEN_UNKNOWN_USER;
  if (sink != NULL) sink->account(sink, &account);
  return GATEWARDEN_OK;
}

static gatewarden_result verify(void* instance, gatewarden_text username, gatewarden_text password,
                                const gatewarden_sink* sink) {
  const struct hello* hello = instance;
  const gatewarden_host* host = hello->host;
  gatewarden_result result = find(instance, username, NULL);
  if (result == GATEWARDEN_UNKNOWN_USER) host->spend_equal_time(host, text(hello->hash), password);
  if (result == GATEWARDEN_OK) result = host->check_password(host, text(hello->hash), password);
  return result == GATEWARDEN_OK ? find(instance, username, sink) : result;
}

/* The id of an account is its user name, so find serves as find_id too; what is not named here is NULL. */
static const gatewarden_plugin plugin = {
    .abi_version = GATEWARDEN_ABI_VERSION,
    .size = sizeof plugin,
    .settings = settings,
    .create = create,
    .destroy = free,
    .verify = verify,
    .find = find,
    .find_id = find,
};

const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &plugin;
}
