# Most builds compile several files of a folder as one, which takes less time. These stay apart: a name that is theirs
# alone stands in a neighbour too. When a build says that a name is defined again, the file that it names goes here.
set_source_files_properties(
  unit/auth/dpop_test.cc
  unit/auth/identity_test.cc
  unit/auth/key_store_test.cc
  unit/auth/lockout_test.cc
  unit/auth/password_hash_test.cc
  unit/auth/revocations_test.cc
  unit/auth/session_service_test.cc
  unit/auth/token_cache_test.cc
  unit/auth/token_hostile_test.cc
  unit/auth/token_verifier_test.cc
  unit/cli/password_input_test.cc
  unit/config/load_test.cc
  unit/config/reference_test.cc
  unit/config/schema_test.cc
  unit/exchange/hop_by_hop_test.cc
  unit/exchange/metrics_text_test.cc
  unit/exchange/reply_test.cc
  unit/http/cookie_test.cc
  unit/http/h2_budget_test.cc
  unit/http/h2_session_test.cc
  unit/http/pace_test.cc
  unit/http/path_test.cc
  unit/http/request_parser_test.cc
  unit/http/response_parser_test.cc
  unit/store/sealer_test.cc
  unit/store/sqlite_crash_test.cc
  unit/store/sqlite_full_disk_test.cc
  unit/store/sqlite_store_test.cc
  unit/store/store_conformance_test.cc
  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
