package io.fairlead.group;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.jspecify.annotations.Nullable;

/**
 * This instance's own server, which is one of those that keep the state.
 *
 * <p>Each connection is a session of its own: nothing that is held by the state depends on one but
 * the presence of the instance.
 */
final class OwnServer implements StateServers {
  static final String ROOT = "/fairlead";

  /** Nobody is that: only the process itself, which is above such rules, gets in. */
  private static final List<ACL> NOBODY =
      Collections.singletonList( // which may be asked for null, as the engine does
          new ACL(ZooDefs.Perms.ALL, new Id("digest", "fairlead:nobody")));

  private final Supplier<@Nullable Engine> server;

  /**
   * @param server this instance's; null while there is none
   */
  OwnServer(Supplier<@Nullable Engine> server) {
    this.server = server;
  }

  @SuppressWarnings("try") // its close may be interrupted, which is not ours to change
  private static final class Admin extends ZooKeeperAdmin implements Client {
    Admin(String server, Watcher watcher, ZKClientConfig config) throws IOException {
      super(server, SESSION_MILLIS, watcher, /* canBeReadOnly= */ false, config);
    }

    @Override
    public ZooKeeper zooKeeper() {
      return this;
    }

    @Override
    public void abandon() {
      Thread.ofVirtual().name("group session end").start(cnxn::disconnect);
    }
  }

  @Override
  public boolean areThere() {
    Engine engine = server.get();
    return engine != null && engine.serves();
  }

  @Override
  public Client connect(Watcher watcher, @Nullable ZooKeeper before) throws IOException {
    Engine engine = server.get();
    if (engine == null) {
      throw new IOException("the engine has ended");
    }
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
    config.setProperty(ZKClientConfig.ZOOKEEPER_REQUEST_TIMEOUT, Integer.toString(REQUEST_MILLIS));
    Admin made = new Admin("127.0.0.1:" + engine.clientAddress().getPort(), watcher, config);
    made.addAuthInfo("digest", Engine.clientSecret().getBytes(StandardCharsets.UTF_8));
    return made;
  }

  @Override
  public void prepare(ZooKeeper client) throws KeeperException, InterruptedException {
    if (client.exists(ROOT, false) == null) {
      try {
        client.create(ROOT, new byte[0], NOBODY, CreateMode.PERSISTENT);
        client.setACL("/", NOBODY, -1);
      } catch (KeeperException.NodeExistsException _) {
        // Another instance did.
      }
    }
  }

  @Override
  public String root() {
    return ROOT;
  }

  @Override
  public List<ACL> access() {
    return NOBODY;
  }

  @Override
  public int pauseMillis() {
    return 0; // it is there, or it is not asked
  }

  @Override
  public String name() {
    return "the group's majority";
  }

  @Override
  public String unreached() {
    return "no majority of the group is reached";
  }

  @Override
  public String obstacle(KeeperException refusal) {
    return "a session with the group's engine did not begin: " + refusal.code();
  }
}
