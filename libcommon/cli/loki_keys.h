// The keys of Loki's configuration, 2.3 to 3.7, that do nothing in a store of one machine.
// Those of blocks that are not named here are read in loki_config.cc and limits_config.cc.
#pragma once

#include <string_view>

namespace glp::cli {

// Whole blocks: parts of a cluster, caches, ways to and in object stores.
inline constexpr std::string_view kLokiBlocks[] = {
    "analytics",
    "ballast_bytes",
    "block_builder",
    "block_scheduler",
    "bloom_build",
    "bloom_compactor",
    "bloom_gateway",
    "compactor_client",
    "compactor_grpc_client",
    "dataobj",
    "dataobj_explorer",
    "frontend",
    "frontend_worker",
    "index_gateway",
    "ingest_limits",
    "ingest_limits_client",
    "ingest_limits_frontend",
    "ingest_limits_frontend_client",
    "ingester_client",
    "ingester_rf1",
    "ingester_rf1_client",
    "kafka_config",
    "metastore",
    "metastore_client",
    "metrics_namespace",
    "operational_config",
    "pattern_ingester",
    "profiling",
    "query_engine",
    "query_range",
    "query_scheduler",
    "shutdown_delay",
    "tracing",
    "ui",
};

inline constexpr std::string_view kLokiIngesterKeys[] = {
    "autoforget_unhealthy",
    "chunk_block_size",
    "chunk_encoding",
    "chunk_retain_period",
    "chunk_target_size",
    "concurrent_flushes",
    "flush_check_period",
    "flush_op_backoff",
    "flush_op_timeout",
    "index_shards",
    "kafka_ingestion",
    "lifecycler",
    "max_dropped_streams",
    "max_returned_stream_errors",
    "max_transfer_retries",
    "owned_streams_check_interval",
    "query_store_max_look_back_period",
    "shutdown_marker_path",
    "sync_min_utilization",
    "sync_period",
};

inline constexpr std::string_view kLokiWalKeys[] = {
    "checkpoint_duration",   "dir", "disk_full_threshold", "flush_on_shutdown",
    "replay_memory_ceiling",
};

inline constexpr std::string_view kLokiCommonKeys[] = {
    "compactor_address",        "compactor_grpc_address", "instance_addr", "instance_enable_ipv6",
    "instance_interface_names", "persist_tokens",         "ring",
};

// Object stores that are not local files: none of them may be asked for.
inline constexpr std::string_view kLokiRemoteStores[] = {
    "alibabacloud", "aws", "azure",      "bigtable", "bos",   "cassandra",
    "cos",          "gcs", "grpc_store", "s3",       "swift",
};

inline constexpr std::string_view kLokiStorageKeys[] = {
    "bloom_shipper",
    "boltdb",
    "boltdb_shipper",
    "congestion_control",
    "delete_store",
    "disable_broad_index_queries",
    "engine",
    "hedging",
    "index_cache_validity",
    "index_queries_cache_config",
    "max_chunk_batch_size",
    "max_parallel_get_chunk",
    "object_prefix",
    "tsdb_shipper",
    "use_thanos_objstore",
};

inline constexpr std::string_view kLokiCompactorKeys[] = {
    "apply_retention_interval",
    "backup_delete_request_store_db_type",
    "compactor_ring",
    "delete_batch_size",
    "delete_request_store",
    "delete_request_store_db_type",
    "delete_request_store_key_prefix",
    "horizontal_scaling_mode",
    "jobs_config",
    "max_compaction_parallelism",
    "retention_backoff_config",
    "retention_delete_delay",
    "retention_delete_worker_count",
    "retention_table_timeout",
    "run_once",
    "shared_store",
    "shared_store_key_prefix",
    "skip_latest_n_tables",
    "tables_to_compact",
    "upload_parallelism",
    "worker_config",
    "working_directory",
};

inline constexpr std::string_view kLokiTableManagerKeys[] = {
    "chunk_tables_provisioning",   "creation_grace_period",
    "index_tables_provisioning",   "poll_interval",
    "throughput_updates_disabled",
};

inline constexpr std::string_view kLokiChunkStoreKeys[] = {
    "cache_lookups_older_than", "chunk_cache_config",        "chunk_cache_config_l2",
    "l2_chunk_cache_handoff",   "write_dedupe_cache_config",
};

inline constexpr std::string_view kLokiQuerierKeys[] = {
    "extra_query_delay",      "per_request_limits_enabled", "query_ingester_only",
    "query_ingesters_within", "query_partition_ingesters",  "query_store_only",
};

// limits_config: how a cluster divides its work.
inline constexpr std::string_view kLokiTuning[] = {
    "allow_deletes",
    "bloom_block_encoding",
    "bloom_build_builder_response_timeout",
    "bloom_build_max_builders",
    "bloom_build_task_max_retries",
    "bloom_compactor_chunks_batch_size",
    "bloom_compactor_enable_compaction",
    "bloom_compactor_max_block_size",
    "bloom_compactor_max_bloom_size",
    "bloom_compactor_max_table_age",
    "bloom_compactor_min_table_age",
    "bloom_compactor_shard_size",
    "bloom_creation_enabled",
    "bloom_false_positive_rate",
    "bloom_gateway_blocks_downloading_parallelism",
    "bloom_gateway_cache_key_interval",
    "bloom_gateway_enable_filtering",
    "bloom_gateway_shard_size",
    "bloom_max_block_size",
    "bloom_max_bloom_size",
    "bloom_ngram_length",
    "bloom_ngram_skip",
    "bloom_planning_strategy",
    "bloom_prefetch_blocks",
    "bloom_split_series_keyspace_by",
    "bloom_task_target_series_chunk_size",
    "cardinality_limit",
    "debug_engine_streams",
    "debug_engine_tasks",
    "enforce_metric_name",
    "engine_results_cache_time_bucket_interval",
    "index_gateway_max_capacity",
    "index_gateway_shard_size",
    "ingestion_partitions_tenant_shard_size",
    "ingestion_rate_strategy",
    "instant_metric_max_query_parallelism",
    "instant_metric_query_split_align",
    "max_cache_freshness_per_query",
    "max_chunks_per_query",
    "max_metadata_cache_freshness",
    "max_queriers_per_tenant",
    "max_querier_bytes_read",
    "max_query_capacity",
    "max_query_parallelism",
    "max_scan_task_parallelism",
    "max_stats_cache_freshness",
    "min_sharding_lookback",
    "pattern_ingester_tokenizable_json_fields_append",
    "pattern_ingester_tokenizable_json_fields_default",
    "pattern_ingester_tokenizable_json_fields_delete",
    "query_ready_index_num_days",
    "recent_metadata_query_window",
    "s3_sse_kms_encryption_context",
    "s3_sse_kms_key_id",
    "s3_sse_type",
    "shard_aggregations",
    "shard_streams",
    "simulated_push_latency",
    "split_ingester_queries_by_interval",
    "split_instant_metric_queries_by_interval",
    "split_metadata_queries_by_interval",
    "split_queries_by_interval",
    "split_recent_metadata_queries_by_interval",
    "tsdb_max_bytes_per_shard",
    "tsdb_max_query_parallelism",
    "tsdb_precompute_chunks",
    "tsdb_sharding_strategy",
    "use_owned_stream_count",
};

// limits_config: what Loki would refuse or do to the data, and this store does not.
inline constexpr std::string_view kLokiNotKept[] = {
    "block_ingestion_policy_until",    "blocked_queries",
    "discover_generic_fields",         "enable_multi_variant_queries",
    "metric_aggregation_enabled",      "pattern_persistence_enabled",
    "pattern_persistence_granularity", "pattern_rate_threshold",
    "policy_enforced_labels",          "policy_stream_mapping",
};

// limits_config: of rules, which are not evaluated here.
inline constexpr std::string_view kLokiRulerLimits[] = {
    "ruler_alertmanager_config",
    "ruler_enable_wal_replay",
    "ruler_evaluation_delay_duration",
    "ruler_max_rule_groups_per_tenant",
    "ruler_max_rules_per_rule_group",
    "ruler_remote_evaluation_max_response_size",
    "ruler_remote_evaluation_timeout",
    "ruler_remote_write_config",
    "ruler_remote_write_disabled",
    "ruler_remote_write_headers",
    "ruler_remote_write_queue_batch_send_deadline",
    "ruler_remote_write_queue_capacity",
    "ruler_remote_write_queue_max_backoff",
    "ruler_remote_write_queue_max_samples_per_send",
    "ruler_remote_write_queue_max_shards",
    "ruler_remote_write_queue_min_backoff",
    "ruler_remote_write_queue_min_shards",
    "ruler_remote_write_queue_retry_on_ratelimit",
    "ruler_remote_write_relabel_configs",
    "ruler_remote_write_sigv4_config",
    "ruler_remote_write_timeout",
    "ruler_remote_write_url",
    "ruler_tenant_shard_size",
};

}  // namespace glp::cli
