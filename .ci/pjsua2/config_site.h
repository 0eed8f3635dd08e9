/* The limits of our own build. pjproject's are 4 calls, 8 accounts, 32 players and recorders a process, and a ninth
   account or a 33rd player is refused or aborts. A call has two recorders, a player or more, and three to six ports. */
#define PJSUA_MAX_CALLS 256
#define PJSUA_MAX_ACC 64
#define PJSUA_MAX_PLAYERS 1024
#define PJSUA_MAX_RECORDERS 1024
#define PJSUA_MAX_CONF_PORTS 4096
/* Two sockets a call for RTP and RTCP, and those of signalling. */
#define PJ_IOQUEUE_MAX_HANDLES 2048
#define PJ_HAS_IPV6 1
