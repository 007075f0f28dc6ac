package io.fairlead.config;

/** What the members of a database are, and by what they tell their roles. */
public enum DatabaseEngine {
  /** One primary, known by {@code pg_is_in_recovery()} and its timeline; the others replay. */
  POSTGRESQL,
  /** MariaDB whose nodes all take writes, known by {@code wsrep_*}. */
  GALERA
}
