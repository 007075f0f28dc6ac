package io.fairlead.vip.bgp;

import io.fairlead.config.BgpConfig;
import java.net.InetAddress;
import java.util.Map;

/** A connection to a router, or the attempt to have one. On the thread of virtual IPs. */
interface BgpLine {
  /** Sends it after what was sent before. */
  void send(byte[] message);

  /** Octets that the router has not taken yet, beyond what the kernel holds. */
  long waiting();

  /** Ends it after what was sent; nothing is heard of it any more. */
  void close();

  /** Opens lines. */
  interface Opener {
    /** Begins to connect; what becomes of it is told later, never within this call. */
    BgpLine open(BgpConfig.Peer peer, Heard heard);
  }

  /** What is heard of a line. */
  interface Heard {
    /**
     * It stands.
     *
     * @param own this machine's addresses on the way there, one of each family at most
     */
    void connected(Map<BgpFamily, InetAddress> own);

    /** These came; nothing else does before this returns. */
    void received(byte[] bytes);

    /**
     * It has ended, or did not come about.
     *
     * @param why in words
     */
    void ended(String why);
  }
}
