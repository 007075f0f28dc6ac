package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.server.Request;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.persistence.TxnLog;
import org.apache.zookeeper.txn.CreateTxn;
import org.apache.zookeeper.txn.TxnHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that gets full in the middle of a change; needs root, as the disk is mounted. */
@Timeout(60)
final class CautiousLogTest {
  private static final int CHANGE_BYTES = 3000;

  @TempDir Path disk;

  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString());
    assumeThat(mounted).as("a disk of its own").isTrue();
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      boolean _ = run("umount", "-l", disk.toString());
    }
  }

  @Test
  void whatWasAcknowledgedCanBeReadAfterTheDiskWasFull() throws Exception {
    Path ballast = disk.resolve("ballast");
    Files.write(ballast, new byte[800_000]);
    long acknowledged = 0;
    CautiousLog log = new CautiousLog(disk.toFile(), disk.toFile());
    try {
      while (true) {
        boolean _ = log.append(change(acknowledged + 1));
        log.commit();
        acknowledged++;
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
    }
    assertThat(acknowledged).isGreaterThan(10);
    assertThat(log.failure()).isNotNull();

    // There is room again: this one writes nothing more all the same, not even at its end.
    Files.delete(ballast);
    long next = acknowledged + 2;
    assertThatExceptionOfType(IOException.class).isThrownBy(log::commit);
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> log.append(change(next)));
    assertThatExceptionOfType(IOException.class).isThrownBy(log::rollLog);
    log.close();

    // Another goes on behind what was acknowledged.
    CautiousLog after = new CautiousLog(disk.toFile(), disk.toFile());
    boolean _ = after.append(change(acknowledged + 1));
    after.commit();
    after.close();
    assertThat(read()).isEqualTo(counted(acknowledged + 1));
  }

  private List<Long> read() throws IOException {
    List<Long> read = new ArrayList<>();
    FileTxnSnapLog log = new FileTxnSnapLog(disk.toFile(), disk.toFile());
    try (TxnLog.TxnIterator changes = log.readTxnLog(1)) {
      if (changes.getHeader() == null) {
        return read;
      }
      do {
        read.add(changes.getHeader().getZxid());
      } while (changes.next());
    }
    log.close();
    return read;
  }

  private static List<Long> counted(long to) {
    List<Long> all = new ArrayList<>();
    for (long i = 1; i <= to; i++) {
      all.add(i);
    }
    return all;
  }

  private static Request change(long zxid) {
    Request request = new Request(null, 1, 1, ZooDefs.OpCode.create, null, null);
    request.setHdr(new TxnHeader(1, 1, zxid, zxid, ZooDefs.OpCode.create));
    request.setTxn(
        new CreateTxn("/" + zxid, new byte[CHANGE_BYTES], ZooDefs.Ids.OPEN_ACL_UNSAFE, false, 1));
    return request;
  }

  private static boolean run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
  }
}
