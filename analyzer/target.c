/*
 * target.c - reads what the kernel and the loader will read of a program: mode, capabilities, #! line,
 * ELF header, loader name, needed libraries.
 *
 * Guarantee: says no only where the shim certainly would not be loaded. Runs nothing and follows no
 * more scripts than the kernel does. The only file of the analyzer that knows libelf's plain interface.
 */
#include "analyzer/target.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPTS_MAX 5 /* of interpreters that are scripts; fs/exec.c gives up there with ELOOP */
#define SCRIPT_LINE 256 /* BINPRM_BUF_SIZE: what the kernel reads of a #! line */

const char *target_words(enum target_result result)
{
	switch (result) {
	case TARGET_OK:
		return "no error";
	case TARGET_NOT_FOUND:
		return "not found";
	case TARGET_DIRECTORY:
		return "it is a directory";
	case TARGET_NOT_EXECUTABLE:
		return "it may not be executed";
	case TARGET_NOT_PROGRAM:
		return "it is neither a program nor a script that begins with #!";
	case TARGET_BROKEN:
		return "it is damaged, or an ELF file that is not a program";
	case TARGET_OTHER_MACHINE:
		return "it is for another machine than this leakwatch (32 bit, or another "
		       "processor)";
	case TARGET_STATIC:
		return "it is statically linked, so nothing can be preloaded into it";
	case TARGET_OTHER_LIBC:
		return "its C library is not glibc";
	case TARGET_SETUID:
		return "it is setuid or setgid, so the loader ignores LD_PRELOAD; "
		       "run leakwatch as the user it becomes";
	case TARGET_CAPABLE:
		return "it has file capabilities, so the loader ignores LD_PRELOAD; "
		       "run leakwatch as root";
	case TARGET_DEEP:
		return "its interpreter is a script, and that one's again, too many times";
	case TARGET_SYSTEM:
		return strerror(errno);
	}
	return "unknown result";
}

/* --- finding --------------------------------------------------------------------------------------- */

static int set_path(char path[static PATH_MAX], const char *text)
{
	int length = snprintf(path, PATH_MAX, "%s", text);
	return length < PATH_MAX ? 0 : -1;
}

static enum target_result check_file(const char *path)
{
	struct stat status;
	if (stat(path, &status) < 0)
		return errno == EACCES ? TARGET_NOT_EXECUTABLE : TARGET_NOT_FOUND;
	if (S_ISDIR(status.st_mode))
		return TARGET_DIRECTORY;
	if (!S_ISREG(status.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return TARGET_NOT_EXECUTABLE;
	return TARGET_OK;
}

/* Like execvp(), goes on past what cannot be executed, but remembers that it was there. */
static enum target_result find_in_path(const char *name, char path[static PATH_MAX])
{
	const char *list = getenv("PATH");
	enum target_result result = TARGET_NOT_FOUND;
	if (!list)
		list = "/bin:/usr/bin";
	for (const char *at = list;; at++) {
		size_t length = strcspn(at, ":");
		char candidate[PATH_MAX];
		int bytes = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, at,
			length ? "/" : "./", name);
		enum target_result found =
			(size_t)bytes < sizeof candidate ? check_file(candidate) : TARGET_NOT_FOUND;
		if (found == TARGET_OK ||
			(found != TARGET_NOT_FOUND && result == TARGET_NOT_FOUND)) {
			result = found;
			set_path(path, candidate);
		}
		at += length;
		if (result == TARGET_OK || !*at)
			return result;
	}
}

static enum target_result find_program(const char *command, char path[static PATH_MAX])
{
	if (set_path(path, command) < 0 || !*command)
		return TARGET_NOT_FOUND;
	return strchr(command, '/') ? check_file(path) : find_in_path(command, path);
}

/* --- privileges ------------------------------------------------------------------------------------ */

/* The loader ignores LD_PRELOAD when the kernel says AT_SECURE: the ids change, or capabilities are
 * gained by somebody who is not root. */
static enum target_result check_privileges(int fd)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return TARGET_SYSTEM;
	bool setuid = (status.st_mode & S_ISUID) && status.st_uid != getuid();
	/* Without group execution, the bit is about mandatory locking. */
	bool setgid = (status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) &&
		      status.st_gid != getgid();
	if (setuid || setgid)
		return TARGET_SETUID;
	if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return TARGET_CAPABLE;
	return TARGET_OK;
}

/* --- ELF ------------------------------------------------------------------------------------------- */

static bool same_machine(const GElf_Ehdr *header)
{
	bool same =
		header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB;
#if defined __x86_64__
	return same && header->e_machine == EM_X86_64;
#elif defined __aarch64__
	return same && header->e_machine == EM_AARCH64;
#else
#error "name this machine's EM_ constant"
#endif
}

static bool find_header(Elf *elf, GElf_Word type, GElf_Phdr *header)
{
	size_t count;
	if (elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, header) && header->p_type == type)
			return true;
	return false;
}

/* Where ADDRESS lies in the file; 0 if in no segment. */
static GElf_Off file_offset(Elf *elf, GElf_Addr address)
{
	size_t count;
	GElf_Phdr header;
	if (elf_getphdrnum(elf, &count) < 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD &&
			address >= header.p_vaddr && address - header.p_vaddr < header.p_filesz)
			return header.p_offset + (address - header.p_vaddr);
	return 0;
}

/* The text at OFFSET of the file; NULL if it is not all in there. */
static const char *file_text(Elf *elf, GElf_Off offset)
{
	size_t size;
	const char *file = elf_rawfile(elf, &size);
	if (!file || offset >= size || !memchr(file + offset, '\0', size - offset))
		return NULL;
	return file + offset;
}

static enum target_result check_loader(Elf *elf)
{
	GElf_Phdr header;
	if (!find_header(elf, PT_INTERP, &header))
		return TARGET_STATIC;
	const char *loader = file_text(elf, header.p_offset);
	if (!loader)
		return TARGET_BROKEN;
	const char *slash = strrchr(loader, '/');
	return strncmp(slash ? slash + 1 : loader, "ld-linux", 8) == 0 ? TARGET_OK
								       : TARGET_OTHER_LIBC;
}

/* The dynamic section by its program header: stripped programs may have no section headers. */
static Elf_Data *dynamic_data(Elf *elf)
{
	GElf_Phdr header;
	if (!find_header(elf, PT_DYNAMIC, &header))
		return NULL;
	return elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_DYN);
}

static GElf_Addr string_table(Elf_Data *dynamic)
{
	GElf_Dyn entry;
	for (int i = 0; gelf_getdyn(dynamic, i, &entry) && entry.d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_STRTAB)
			return entry.d_un.d_ptr;
	return 0;
}

/* Only gcc links the runtime as a library; clang's lies in the executable and needs no order. */
static void find_runtime(Elf *elf, struct target *target)
{
	Elf_Data *dynamic = dynamic_data(elf);
	GElf_Off strings = dynamic ? file_offset(elf, string_table(dynamic)) : 0;
	GElf_Dyn entry;
	if (!strings)
		return;
	for (int i = 0; gelf_getdyn(dynamic, i, &entry) && entry.d_tag != DT_NULL; i++) {
		const char *name = entry.d_tag == DT_NEEDED
					   ? file_text(elf, strings + entry.d_un.d_val)
					   : NULL;
		if (name && strncmp(name, "libasan.", 8) == 0 &&
			strlen(name) < sizeof target->runtime) {
			strcpy(target->runtime, name);
			return;
		}
	}
}

static enum target_result inspect_elf(Elf *elf, struct target *target)
{
	GElf_Ehdr header;
	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return TARGET_BROKEN;
	if (!same_machine(&header))
		return TARGET_OTHER_MACHINE;
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return TARGET_BROKEN;
	enum target_result result = check_loader(elf);
	if (result == TARGET_OK)
		find_runtime(elf, target);
	return result;
}

static enum target_result open_elf(int fd, struct target *target)
{
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return TARGET_BROKEN;
	enum target_result result = inspect_elf(elf, target);
	elf_end(elf);
	return result;
}

/* --- scripts --------------------------------------------------------------------------------------- */

/* Writes the interpreter of a "#! interpreter argument" LINE. */
static int script_interpreter(char *line, char path[static PATH_MAX])
{
	char *name = line + 2 + strspn(line + 2, " \t");
	name[strcspn(name, " \t\n")] = '\0';
	return *name ? set_path(path, name) : -1;
}

/* Looks at the file open as FD. *script is set if it is one; then target->image is its interpreter. */
static enum target_result inspect_file(int fd, struct target *target, bool *script)
{
	char line[SCRIPT_LINE + 1] = "";
	ssize_t length = pread(fd, line, SCRIPT_LINE, 0);
	if (length < 0)
		return TARGET_SYSTEM;
	*script = strncmp(line, "#!", 2) == 0;
	/* The kernel gives a script nothing for its mode bits. */
	if (*script)
		return script_interpreter(line, target->image) == 0 ? TARGET_OK
								    : TARGET_NOT_PROGRAM;
	if (length < SELFMAG || memcmp(line, ELFMAG, SELFMAG) != 0)
		return TARGET_NOT_PROGRAM;
	enum target_result result = check_privileges(fd);
	return result == TARGET_OK ? open_elf(fd, target) : result;
}

static enum target_result inspect_image(struct target *target, bool *script)
{
	*script = false;
	int fd = open(target->image, O_RDONLY | O_CLOEXEC);
	if (fd < 0) /* executing needs no permission to read */
		return errno == EACCES ? TARGET_OK : TARGET_SYSTEM;
	enum target_result result = inspect_file(fd, target, script);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

enum target_result target_inspect(const char *command, struct target *target)
{
	*target = (struct target){0};
	set_path(target->image, command);
	enum target_result result = find_program(command, target->image);
	strcpy(target->program, target->image);
	for (int i = 0; i <= SCRIPTS_MAX && result == TARGET_OK; i++) {
		bool script;
		result = inspect_image(target, &script);
		if (result != TARGET_OK || !script)
			return result;
		result = check_file(target->image);
	}
	return result == TARGET_OK ? TARGET_DEEP : result;
}
