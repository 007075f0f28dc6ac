/**
 * Backups of databases that are known to restore: the log streamed into a folder all the time,
 * copies of all data now and then, restoring to any moment, and drills that do it for real.
 *
 * <p>What can be restored and what may be removed follows from the names, ends and times of files
 * ({@link io.fairlead.replication.backup.Archive}, {@link
 * io.fairlead.replication.backup.Retention}: pure; start reading there). The programs of PostgreSQL
 * do the work: {@code pg_receivewal}, {@code pg_basebackup}, {@code pg_verifybackup}, {@code
 * pg_waldump}, {@code postgres}; see docs/decisions for why. Incremental copies are {@code
 * pgbackrest}'s ({@link io.fairlead.replication.backup.RepositoryCopying}); the log of them is
 * ours.
 *
 * <p>Of MariaDB the same is done by others ({@link io.fairlead.replication.backup.BinlogArchive},
 * by {@code mariadb-binlog} and {@code mariadb-backup}). What both have in common, which is when
 * what is done and what is told, is in {@link io.fairlead.replication.backup.Backups}.
 *
 * <p>Of a folder one process at a time takes care, by a lock. Nothing in it is changed in place:
 * what is not whole has another name, so that whoever is killed at any moment leaves nothing that
 * looks like a backup and is none.
 */
@NullMarked
package io.fairlead.replication.backup;

import org.jspecify.annotations.NullMarked;
