package io.fairlead.group;

import io.fairlead.group.storelog.Line;
import io.fairlead.group.storelog.StoreLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import org.apache.jute.Record;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.server.ByteBufferInputStream;
import org.apache.zookeeper.server.DataNode;
import org.apache.zookeeper.server.DataTree.ProcessTxnResult;
import org.apache.zookeeper.server.ZKDatabase;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.txn.CreateTxn;
import org.apache.zookeeper.txn.DeleteTxn;
import org.apache.zookeeper.txn.MultiTxn;
import org.apache.zookeeper.txn.SetDataTxn;
import org.apache.zookeeper.txn.Txn;
import org.apache.zookeeper.txn.TxnDigest;
import org.apache.zookeeper.txn.TxnHeader;
import org.jspecify.annotations.Nullable;

/**
 * The engine's tree, of which the store's log is told each transaction that a majority has made,
 * when it is made here.
 *
 * <p>One thread makes them, so that what is read of the tree in between is what they left. Whatever
 * else moves the tree, such as a copy of the leader's or what is read of the disk, is seen by its
 * last transaction not being the one that the log was told of.
 */
final class FollowedTree extends ZKDatabase {
  private static final String STORE = OwnServer.ROOT + Store.KEYS;
  private static final String BELOW = STORE + "/";

  private final StoreLog log;

  /** Of the thread that makes transactions; 0: there was none. */
  private long told;

  FollowedTree(FileTxnSnapLog files, StoreLog log) {
    super(files);
    this.log = log;
  }

  @Override
  public ProcessTxnResult processTxn(TxnHeader header, Record change, TxnDigest digest) {
    boolean follows = told != 0 && getDataTreeLastProcessedZxid() == told;
    ProcessTxnResult result = super.processTxn(header, change, digest);
    DataNode founded = getNode(OwnServer.ROOT);
    if (founded != null) {
      try {
        log.applied(
            change(header, change),
            follows,
            Long.toHexString(founded.stat.getCtime()) + "-" + founded.stat.getCzxid(),
            this::whole);
        told = header.getZxid();
      } catch (RuntimeException e) { // the group goes on; the log begins anew with all there is
        ClientLog.LOG.log(Level.WARNING, "a change is not told to the log of the store", e);
        told = 0;
      }
    }
    return result;
  }

  private Line.Change change(TxnHeader header, @Nullable Record change) {
    Set<String> paths = new LinkedHashSet<>();
    if (change != null) {
      gather(change, paths);
    }
    List<Line.Key> puts = new ArrayList<>();
    List<String> deletes = new ArrayList<>();
    for (String path : paths) {
      String name = path.substring(BELOW.length());
      if (Store.isName(name)) {
        Line.Key key = key(name);
        if (key == null) {
          deletes.add(Store.key(name));
        } else {
          puts.add(key);
        }
      }
    }
    return new Line.Change(header.getZxid(), header.getTime(), puts, deletes);
  }

  /** The paths of the store that it changes. */
  private static void gather(Record change, Set<String> paths) {
    switch (change) {
      case CreateTxn create -> add(create.getPath(), paths);
      case SetDataTxn set -> add(set.getPath(), paths);
      case DeleteTxn delete -> add(delete.getPath(), paths);
      case MultiTxn several -> {
        for (Txn each : several.getTxns()) {
          Record part =
              switch (each.getType()) {
                case OpCode.create, OpCode.create2 -> new CreateTxn();
                case OpCode.setData -> new SetDataTxn();
                case OpCode.delete -> new DeleteTxn();
                default -> null; // checks, and why nothing was done
              };
          if (part != null) {
            read(each, part);
            gather(part, paths);
          }
        }
      }
      default -> {} // sessions, errors, other kinds of nodes, which the store has none of
    }
  }

  private static void read(Txn from, Record part) {
    try {
      ByteBufferInputStream.byteBuffer2Record(ByteBuffer.wrap(from.getData()), part);
    } catch (IOException e) {
      throw new IllegalStateException("a transaction that was made cannot be read", e);
    }
  }

  private static void add(String path, Set<String> paths) {
    if (path.startsWith(BELOW)) {
      boolean _ = paths.add(path);
    }
  }

  /** Null: it is not there, or not any more. */
  private Line.@Nullable Key key(String name) {
    DataNode node = getNode(BELOW + name);
    byte[] bytes = node == null ? null : node.getData();
    Store.Cell cell = bytes == null ? null : Store.Cell.of(bytes);
    return cell == null || cell.deleted()
        ? null
        : new Line.Key(Store.key(name), cell.value(), cell.ttlMillis(), node.stat.getMzxid());
  }

  private List<Line.Key> whole() {
    DataNode store = getNode(STORE);
    List<Line.Key> keys = new ArrayList<>();
    if (store != null) {
      for (String name : store.getChildren()) {
        Line.Key key = Store.isName(name) ? key(name) : null;
        if (key != null) {
          keys.add(key);
        }
      }
    }
    keys.sort(Comparator.comparing(Line.Key::key));
    return keys;
  }
}
