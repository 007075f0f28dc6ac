package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig.Keep;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What may be removed. A copy stays if it is one of the newest, or if moments within the span that
 * can be restored need it: that is the last copy that had ended before the span began, and all
 * after it. Copies that are known to be damaged, and those of timelines that were left, count for
 * nothing, and go when they are older than the span and than all good ones that stay. What a copy
 * that stays is on top of stays with it. Of the log goes what is older than all copies that stay.
 */
final class Retention {
  private Retention() {}

  /**
   * @param backups to be removed first, the last of them first: it may be on top of others
   * @param files of the log, to be removed then
   */
  record Plan(List<BaseBackup> backups, Set<WalFile> files) {
    Plan {
      backups = List.copyOf(backups);
      files = Set.copyOf(files);
    }
  }

  static Plan plan(Archive archive, Keep keep, long now) {
    List<BaseBackup> good =
        archive.reaches().stream()
            .map(Archive.Reach::backup)
            .filter(backup -> backup.damaged().isEmpty())
            .toList();
    long since = now - keep.span().toMillis();
    int anchor = 0; // the last that had ended by then
    for (int i = 0; i < good.size(); i++) {
      if (good.get(i).endMillis() <= since) {
        anchor = i;
      }
    }
    int first = Math.max(0, Math.min(anchor, good.size() - keep.count()));
    if (good.isEmpty()) {
      return new Plan(List.of(), Set.of());
    }
    BaseBackup oldest = good.get(first);
    Map<String, BaseBackup> all = new HashMap<>();
    Set<String> staying = new HashSet<>();
    for (BaseBackup backup : archive.backups()) {
      all.put(backup.id(), backup);
      boolean isGood = good.contains(backup);
      if (backup.endMillis() >= oldest.endMillis() || (!isGood && backup.endMillis() > since)) {
        staying.add(backup.id());
      }
    }
    for (String one : List.copyOf(staying)) { // with what it is on top of
      BaseBackup below = all.get(one);
      while (below != null && staying.add(below.since())) {
        below = all.get(below.since());
      }
    }
    List<BaseBackup> removed = new ArrayList<>();
    long needed = Long.MAX_VALUE;
    for (BaseBackup backup : archive.backups()) {
      if (staying.contains(backup.id())) {
        needed = Math.min(needed, backup.start() / archive.segmentSize());
      } else {
        removed.add(backup);
      }
    }
    Set<WalFile> files = new HashSet<>();
    for (WalFile file : archive.files()) {
      if (file.segment() < needed) {
        files.add(file);
      }
    }
    return new Plan(removed, files);
  }
}
