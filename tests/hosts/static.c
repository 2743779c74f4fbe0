/*
 * static.c - a program without a loader. build: -static
 */
int main(void)
{
	return 0;
}
