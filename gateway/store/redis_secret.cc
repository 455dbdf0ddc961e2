// SPDX-License-Identifier: Apache-2.0
// The secret that all replicas share, kept sealed in Redis: with it the store opens.
#include <utility>

#include "store/redis_store.h"

namespace gw::store {
namespace {

using resp::Value;

constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kSecretPlace = "secret";

std::string secret_key() {
  return std::string(kRedisPrefix) + "secret";
}

}  // namespace

void RedisStore::prove() {
  client_.call_first({"GET", secret_key()}, [this](const Result<Value>& reply) {
    if (!reply) return client_.reject(reply.error().detail);
    if (reply->kind == Value::Kind::error) return client_.reject("it does not answer: " + reply->text);
    if (reply->kind == Value::Kind::text) return take_secret(reply->text);
    offer_secret();
  });
}

// Of several who begin at once, one is first, and the others take what it brought. A Redis that has lost its
// data gets back the secret that its replicas know.
void RedisStore::offer_secret() {
  const SecretString secret = master_ ? *master_ : SecretString(make_random_bytes(kSecretBytes));
  const std::string sealed = sealer_.seal(secret.reveal(), kSecretPlace);
  client_.call_first({"SET", secret_key(), sealed, "NX"}, [this](const Result<Value>& reply) {
    if (!reply) return client_.reject(reply.error().detail);
    if (reply->kind == Value::Kind::error) return client_.reject("it cannot be written: " + reply->text);
    prove();
  });
}

void RedisStore::take_secret(std::string_view sealed) {
  auto secret = sealer_.open(sealed, kSecretPlace);
  if (!secret || secret->size() != kSecretBytes)
    return refuse("what is there was written with a key that is not in store.encryption_keys");
  if (master_ && !(SecretString(*secret) == *master_))
    return refuse("it is another one than at the start: restart the gateway to use it");
  use_secret(SecretString(std::move(*secret)), sealer_.is_of_old_key(sealed));
}

void RedisStore::use_secret(SecretString secret, bool reseal) {
  if (reseal)
    client_.call_first({"SET", secret_key(), sealer_.seal(secret.reveal(), kSecretPlace)},
                       [](const Result<Value>&) {});
  if (!master_) {
    codec_.emplace(sealer_, secret);
    master_ = std::move(secret);
  }
  client_.accept();
  tail_.start(*codec_);
  is_open_ = true;
  if (on_open_) std::exchange(on_open_, {})(Status());
}

void RedisStore::refuse(std::string why) {
  if (on_open_) std::exchange(on_open_, {})(store_error(why));
  client_.reject(why);
}

SecretString RedisStore::derive(std::string_view purpose) const {
  return SecretString(keyed_hash(master_->reveal(), "derived " + std::string(purpose)));
}

}  // namespace gw::store
