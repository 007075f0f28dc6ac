package io.fairlead.vip;

import java.io.IOException;
import java.net.InetAddress;

/** Where the addresses of one virtual IP are or are not, as far as this machine is concerned. */
interface Place extends AutoCloseable {
  /**
   * Looks whether they could be here, and takes away what another process of ours has left.
   *
   * @param inheriting whether what is there stays: that process hands it over
   * @return whether something was there
   * @throws IOException with a sentence for people if they cannot
   */
  boolean prepare(boolean inheriting) throws IOException;

  /**
   * Has them here for so many seconds from now; the kernel takes them away then.
   *
   * @throws IOException with a sentence for people if they cannot
   */
  void hold(int seconds) throws IOException;

  /** Takes them away, if they are here. */
  void release() throws IOException;

  /**
   * Packets of connections that this machine does not know go on to the owner before.
   *
   * @param to its address on this link
   * @throws IOException with a sentence for people if they cannot
   */
  void passOn(InetAddress to) throws IOException;

  /** They do no longer. */
  void passOnNoMore();

  /**
   * Goes on taking packets to the addresses, while no neighbour is told that they are here any
   * more: for connections that another owner passes on.
   *
   * @param seconds after which the kernel ends it
   * @throws IOException with a sentence for people if it cannot
   */
  void stayBehind(int seconds) throws IOException;

  /** What {@link #stayBehind} began has ended. */
  void comeAway();

  /** Tells the neighbours that they are here. */
  void announce() throws IOException;

  @Override
  void close();
}
