/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credential backend ABI of Gatewarden, version 1: the only header that a plugin needs.
 *
 * A plugin is a shared library gatewarden_NAME.so that exports gatewarden_plugin_load(). The gateway loads it
 * once, never unloads it, and makes one instance for every section of `backends:` that names it.
 *
 * THREADS: create, destroy and can_write are called by one thread at a time; every other function of an
 * instance is called from several threads at once, and may block, up to the `time_limit` of its section: the
 * gateway then gives the call up, and its thread is left to it. An instance outlives all calls on it.
 *
 * OWNERSHIP: whoever makes a thing frees it. Nothing passes from one side to the other: pointers that a call
 * receives are valid until it returns, and are copied by whoever wants to keep them. Exceptions to that are
 * said where they stand. A password is never kept, logged or copied into memory that is not wiped.
 *
 * ERRORS: a result code, with a line through host->log() for the operator. No exception leaves a plugin.
 */
#ifndef GATEWARDEN_PLUGIN_H
#define GATEWARDEN_PLUGIN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GATEWARDEN_ABI_VERSION 1u

#if defined(__GNUC__)
#define GATEWARDEN_EXPORT __attribute__((visibility("default")))
#else
#define GATEWARDEN_EXPORT
#endif

/* UTF-8, `size` bytes, without a NUL at its end. Empty: size is 0, and data may be NULL. */
typedef struct gatewarden_text {
  const char* data;
  size_t size;
} gatewarden_text;

/* What a call came to. Any other value counts as GATEWARDEN_UNAVAILABLE. */
typedef int gatewarden_result;
enum {
  GATEWARDEN_OK = 0,
  GATEWARDEN_WRONG_PASSWORD = 1,
  GATEWARDEN_UNKNOWN_USER = 2,
  GATEWARDEN_DISABLED = 3, /* verify: the password was right, the account is disabled */
  GATEWARDEN_TAKEN = 4, /* create_account: the user name or the e-mail address belongs to another account */
  GATEWARDEN_READ_ONLY = 5,
  GATEWARDEN_UNAVAILABLE = 6 /* not to be known now: the login is refused, nobody's password is blamed */
};

/* What can_write() answers: 0, or one of these. */
enum {
  GATEWARDEN_WRITES_ALL = 1,      /* list and the four functions after it are there and work */
  GATEWARDEN_WRITES_PASSWORDS = 2 /* set_password_hash is there and works, the others may not */
};

enum { GATEWARDEN_LOG_DEBUG = 1, GATEWARDEN_LOG_INFO = 2, GATEWARDEN_LOG_WARN = 3, GATEWARDEN_LOG_ERROR = 4 };

/* An account, as a plugin tells it. */
typedef struct gatewarden_account {
  gatewarden_text id;         /* never changes, never given to another person; 1 to 255 bytes */
  gatewarden_text username;   /* as registered, not as typed */
  gatewarden_text email;      /* may be empty */
  gatewarden_text name;       /* may be empty */
  gatewarden_text roles;      /* JSON: an array of strings; empty: none */
  gatewarden_text attributes; /* JSON: an object; empty: none */
  int disabled;
} gatewarden_account;

typedef struct gatewarden_new_account {
  gatewarden_text username;
  gatewarden_text email; /* may be empty */
  gatewarden_text name;  /* may be empty */
  gatewarden_text roles; /* JSON: an array of strings */
  gatewarden_text password_hash;
} gatewarden_new_account;

/* Where a call puts the accounts that it finds. The gateway copies each before it returns. */
typedef struct gatewarden_sink gatewarden_sink;
struct gatewarden_sink {
  void (*account)(const gatewarden_sink* sink, const gatewarden_account* account);
};

/*
 * What the gateway does for a plugin. Callable from every thread.
 * OWNERSHIP: the gateway's; valid from create() to the end of destroy() of the instance that it was given to.
 */
typedef struct gatewarden_host gatewarden_host;
struct gatewarden_host {
  unsigned int abi_version;
  unsigned int size; /* of this struct, as the gateway knows it */

  /*
   * A value of the instance's configuration section: a string as it is, anything else as JSON text; NULL when
   * it is not set. OWNERSHIP: the gateway's, as long as `host`.
   */
  const char* (*setting)(const gatewarden_host* host, const char* name);

  /* A line for the operator. Never a password or a hash. */
  void (*log)(const gatewarden_host* host, int level, gatewarden_text message);

  /* Not 0: check_password() can match a hash of this kind and cost. */
  int (*knows_hash)(const gatewarden_host* host, gatewarden_text hash);

  /*
   * GATEWARDEN_OK, GATEWARDEN_WRONG_PASSWORD or GATEWARDEN_UNAVAILABLE. Knows the kinds that docs/plugins.md
   * lists, all of them salted; anything else never matches. Called by verify() on the thread that verify()
   * was called on: so the gateway learns which hash matched, and can have it replaced
   * (replace_password_hash).
   */
  gatewarden_result (*check_password)(const gatewarden_host* host, gatewarden_text hash,
                                      gatewarden_text password);

  /*
   * Takes as long as check_password() of `like`, a hash of any account (empty: of a hash that the gateway
   * makes). Called by verify() for an unknown user, so that a clock does not tell who has an account.
   */
  void (*spend_equal_time)(const gatewarden_host* host, gatewarden_text like, gatewarden_text password);
};

/*
 * The plugin's functions. Those that may be NULL say so.
 * OWNERSHIP: the plugin's; static, and never changed.
 */
typedef struct gatewarden_plugin {
  unsigned int abi_version; /* GATEWARDEN_ABI_VERSION */
  unsigned int size;        /* sizeof(gatewarden_plugin) */

  /* The names of the settings that it takes, then NULL. The gateway refuses a section with any other. */
  const char* const* settings;

  /*
   * Makes an instance from its section (`config`: a JSON object). Returns NULL after writing one sentence,
   * with a NUL, into `error`: it is shown as a configuration error. OWNERSHIP: the instance is the plugin's;
   * the gateway gives it back to destroy() exactly once.
   */
  void* (*create)(const gatewarden_host* host, gatewarden_text config, char* error, size_t error_size);
  void (*destroy)(void* instance);

  /* One of GATEWARDEN_WRITES_..., or 0. NULL: never. */
  int (*can_write)(void* instance);

  /*
   * Is this the user's password? `username` is as typed, 1 to 1024 bytes, and may be the registered e-mail
   * address; `password` has 1 to 1024 bytes. GATEWARDEN_OK after exactly one account went to `sink`.
   */
  gatewarden_result (*verify)(void* instance, gatewarden_text username, gatewarden_text password,
                              const gatewarden_sink* sink);

  /* By user name or e-mail address, and by id; disabled accounts too. Exactly one account, as above. */
  gatewarden_result (*find)(void* instance, gatewarden_text username, const gatewarden_sink* sink);
  gatewarden_result (*find_id)(void* instance, gatewarden_text id, const gatewarden_sink* sink);

  /* Every account, one call of the sink each. May be NULL. */
  gatewarden_result (*list)(void* instance, const gatewarden_sink* sink);

  /* When GATEWARDEN_OK is returned, the change survives a crash. May be NULL without can_write. */
  gatewarden_result (*create_account)(void* instance, const gatewarden_new_account* account,
                                      const gatewarden_sink* sink);
  gatewarden_result (*set_password_hash)(void* instance, gatewarden_text id, gatewarden_text password_hash);
  gatewarden_result (*set_disabled)(void* instance, gatewarden_text id, int disabled);
  gatewarden_result (*remove)(void* instance, gatewarden_text id);

  /* Version 1 ended here at first: a table whose `size` says so is taken, and the rest of it counts as NULL.
   */

  /*
   * set_password_hash, but only if the account's hash still is `old_hash`, in one step
   * (GATEWARDEN_UNKNOWN_USER if not): a password that somebody changes meanwhile must not come back. For
   * `upgrade_to`; may be NULL.
   */
  gatewarden_result (*replace_password_hash)(void* instance, gatewarden_text id, gatewarden_text old_hash,
                                             gatewarden_text new_hash);
} gatewarden_plugin;

/* The one function that a plugin exports. */
GATEWARDEN_EXPORT const gatewarden_plugin* gatewarden_plugin_load(void);

#ifdef __cplusplus
}
#endif

#endif
