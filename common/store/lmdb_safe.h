#ifndef JIELI_STORE_LMDB_SAFE_H
#define JIELI_STORE_LMDB_SAFE_H

#include <lmdb.h>

/* lmdb.h without what loses or damages data: with NOSYNC or MAPASYNC a power cut leaves an
 * unreadable store, with NOMETASYNC it loses what was acknowledged, WRITEMAP dies of SIGBUS on a
 * full disk, NOLOCK drops the protection of readers, and DUPSORT has known damage in 0.9.24. Using
 * one of these names after this line does not compile. */
#undef MDB_NOSYNC
#undef MDB_NOMETASYNC
#undef MDB_MAPASYNC
#undef MDB_WRITEMAP
#undef MDB_NOLOCK
#undef MDB_FIXEDMAP
#undef MDB_NOMEMINIT
#undef MDB_DUPSORT
#undef MDB_DUPFIXED
#undef MDB_INTEGERKEY
#undef MDB_CP_COMPACT
#pragma GCC poison MDB_NOSYNC MDB_NOMETASYNC MDB_MAPASYNC MDB_WRITEMAP MDB_NOLOCK MDB_FIXEDMAP
#pragma GCC poison MDB_NOMEMINIT MDB_DUPSORT MDB_DUPFIXED MDB_INTEGERKEY MDB_CP_COMPACT
#pragma GCC poison mdb_env_set_flags mdb_env_copy2 mdb_env_copyfd2

#endif
